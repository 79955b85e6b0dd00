package olmo

import (
	"fmt"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/formats/dcp"
)

// The layouts of torch.distributed.checkpoint: model and optimizer in chunks, by
// many processes. OLMo-core has always saved so, the older trainer for a while.

var coreDistLayout = &layout{
	name:  "olmo-core",
	doc:   "OLMo-core distributed: config.json of OLMo-core, model_and_optim/.metadata and .distcp files",
	match: func(d *dir) bool { return d.isDist() && !d.isHF() && !exists(d.distRoot(), "config.yaml") },
	open: func(path string) (*Source, error) {
		return openDist(path, "config.json", "JSON", parseCoreConfig)
	},
	canonical: func(s *Source) ([]formats.Tensor, error) { return coreCanonical(s.withoutPrefix()) },
}

var shardedTorchLayout = &layout{
	name:  "olmo-sharded-torch",
	doc:   "legacy sharded: config.yaml, model_and_optim/.metadata and .distcp files",
	match: func(d *dir) bool { return d.isDist() && !d.isHF() && exists(d.distRoot(), "config.yaml") },
	open: func(path string) (*Source, error) {
		return openDist(path, "config.yaml", "YAML", parseLegacyConfig)
	},
	tied:      [2]string{distPrefix + legacyHead, distPrefix + legacyEmbed},
	canonical: func(s *Source) ([]formats.Tensor, error) { return legacyCanonical(s.withoutPrefix()) },
}

const (
	distDir      = "model_and_optim"
	distMetadata = ".metadata"
	distPrefix   = "model." // of the names in a model
	optimPrefix  = "optim." // of those in an optimizer
	mergedSuffix = "-merged"
)

// isDist reports whether a directory has a distributed checkpoint or is itself
// one: without .metadata if its saving was interrupted.
func (d *dir) isDist() bool {
	return d.hasSub(distDir) || d.has(distMetadata) || len(d.match("*.distcp")) > 0
}

// distFile reports whether a file is one of a distributed checkpoint's own.
func (d *dir) distFile(base string) bool {
	return base == distMetadata || filepath.Ext(base) == ".distcp"
}

// distRoot returns the directory with the config: the parent, if the given one
// has the chunks, and no config.
func (d *dir) distRoot() string {
	parent := filepath.Join(d.path, "..")
	if d.hasSub(distDir) || d.has("config.json") || d.has("config.yaml") {
		return d.path
	}
	if kind, err := configKind(filepath.Join(parent, "config.json")); exists(parent, "config.yaml") || err == nil && kind == coreConfig {
		return parent
	}
	return d.path
}

// openDist opens a checkpoint by the directory of a step, by that of the chunks, or
// by a file in the latter. Without a config it is a bare list of tensors.
func openDist(path, name, kind string, parse func(data []byte, file string) (*Config, error)) (*Source, error) {
	path, _, err := split(path)
	if err != nil {
		return nil, err
	}
	d, err := readDir(path)
	if err != nil {
		return nil, err
	}
	root := d.distRoot()
	s := &Source{Beside: Beside{root}}
	var told []formats.Finding
	config := root
	if origin, ok := strings.CutSuffix(filepath.Clean(root), mergedSuffix); ok && !exists(root, name) && exists(origin, name) {
		config = origin // a running mean is saved beside the step that it ends with
		told = append(told, formats.Finding{
			Severity: formats.Info, Code: "config-of-step", Where: filepath.Join(origin, name),
			Message: "a merged checkpoint has no config of its own: that of its step is used",
		})
	}
	if exists(config, name) {
		if _, _, s.Config, err = openConfig(config, name, kind, parse); err != nil {
			return nil, err
		}
	} else {
		told = append(told, formats.Finding{
			Severity: formats.Warning, Code: "no-config", Where: root,
			Message: "found no " + name + ": read as bare tensors; with that of another step of the run beside " + distDir + " it is a model",
		})
	}
	if d.hasSub(distDir) {
		path = filepath.Join(path, distDir)
	}
	if s.Distributed, err = dcp.Open(path); err != nil {
		return nil, err
	}
	c := *s.Distributed.Checkpoint
	c.Path, c.Findings = root, append(told, c.Findings...)
	s.Checkpoint = &c
	s.leaveOutOptimizer()
	return s, nil
}

// leaveOutOptimizer takes the state of an optimizer out of the tensors.
func (s *Source) leaveOutOptimizer() {
	var n, bytes int64
	s.Tensors = nil
	for _, t := range s.Distributed.Tensors {
		if strings.HasPrefix(t.Name, optimPrefix) {
			n++
			bytes += t.Bytes()
			continue
		}
		s.Tensors = append(s.Tensors, t)
	}
	if n > 0 {
		s.Findings = append(s.Findings, formats.Finding{
			Severity: formats.Info, Code: "optimizer", Where: distDir,
			Message: fmt.Sprintf("%d tensors of the optimizer, %d bytes: not read", n, bytes),
		})
	}
}

// withoutPrefix returns the source with names as they are within the model.
func (s *Source) withoutPrefix() *Source {
	out, c := *s, *s.Checkpoint
	c.Tensors = nil
	for _, t := range s.Tensors {
		c.Tensors = append(c.Tensors, t.WithName(strings.TrimPrefix(t.Name, distPrefix)))
	}
	out.Checkpoint = &c
	return &out
}
