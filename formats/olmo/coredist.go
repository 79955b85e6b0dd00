package olmo

import (
	"fmt"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/formats/dcp"
)

// The layouts of torch.distributed.checkpoint: chunks of model and optimizer, by
// many processes. OLMo-core has always saved so; the older trainer did for a while.

var coreDistLayout = &layout{
	name: "olmo-core",
	doc:  "OLMo-core distributed: config.json of OLMo-core, model_and_optim/.metadata and .distcp files",
	match: func(d *dir) bool {
		return d.isDist() && !d.isHF() && !exists(distRoot(d.path, d.names), "config.yaml")
	},
	open: func(path string) (*Source, error) {
		return openDist(path, "config.json", "JSON", parseCoreConfig)
	},
	canonical: func(s *Source) ([]formats.Tensor, error) { return coreCanonical(s.withoutPrefix()) },
}

var shardedTorchLayout = &layout{
	name: "olmo-sharded-torch",
	doc:  "legacy sharded: config.yaml, model_and_optim/.metadata and .distcp files",
	match: func(d *dir) bool {
		return d.isDist() && !d.isHF() && exists(distRoot(d.path, d.names), "config.yaml")
	},
	open: func(path string) (*Source, error) {
		return openDist(path, "config.yaml", "YAML", parseLegacyConfig)
	},
	tied:      [2]string{distPrefix + legacyHead, distPrefix + legacyEmbed},
	canonical: func(s *Source) ([]formats.Tensor, error) { return legacyCanonical(s.withoutPrefix()) },
}

const (
	distDir     = "model_and_optim"
	distPrefix  = "model." // of the keys of a model
	optimPrefix = "optim." // of those of an optimizer
)

// isDist reports whether a directory is a distributed checkpoint, or has one. One
// whose saving was interrupted has no .metadata.
func (d *dir) isDist() bool {
	return d.hasSub(distDir) || d.has(".metadata") || len(d.match("*.distcp")) > 0
}

// distRoot returns the directory of the config: the parent, if the given one has
// chunks and no config.
func distRoot(path string, names []string) string {
	d := dir{names: names}
	if exists(path, distDir) || d.has("config.json") || d.has("config.yaml") {
		return path
	}
	return filepath.Join(path, "..")
}

// openDist opens a checkpoint by a directory of one of both kinds, or by a file of
// one.
func openDist(path, config, kind string, parse func(data []byte, file string) (*Config, error)) (*Source, error) {
	dir, _, err := split(path)
	if err != nil {
		return nil, err
	}
	data := dir
	if exists(dir, distDir) {
		data = filepath.Join(dir, distDir)
	}
	d, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	root := distRoot(dir, d.names)
	s := &Source{Beside: Beside{root}}
	file := filepath.Join(root, config)
	switch {
	case exists(root, config):
	case strings.HasSuffix(root, mergedSuffix) && exists(strings.TrimSuffix(root, mergedSuffix), config):
		file = filepath.Join(strings.TrimSuffix(root, mergedSuffix), config)
		// …
	default:
		file = ""
	}
	_ = file
	_ = kind
	_ = parse
	_ = fmt.Sprint
	_ = dcp.Open
	_ = data
	return s, nil
}
