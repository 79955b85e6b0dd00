package olmo

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"olmotool/formats"
	"olmotool/formats/sharded"
)

// The trainer's own sharded layouts, one for each of its settings
// sharded_checkpointer that torch does not know: names and config are those of
// the unsharded layout.

var shardedLegacyLayout = &layout{
	name:  "olmo-sharded-legacy",
	doc:   "legacy sharded: config.yaml, rank0.pt …",
	match: func(d *dir) bool { return d.has("config.yaml") && len(d.match("rank[0-9]*.pt")) > 0 && !d.isHF() },
	open: func(path string) (*Source, error) {
		return openSharded(path, "", sharded.OpenLegacy)
	},
	tied:      [2]string{legacyHead, legacyEmbed},
	canonical: legacyCanonical,
}

var shardedLocalLayout = &layout{
	name:  "olmo-sharded-local",
	doc:   "legacy sharded: config.yaml, metadata.yaml, model/rank0.pt …",
	match: func(d *dir) bool { return d.has("metadata.yaml") && d.hasSub(shardedDir) && !d.isHF() },
	open: func(path string) (*Source, error) {
		return openSharded(path, "rank*.pt", sharded.OpenLocal)
	},
	tied:      [2]string{legacyHead, legacyEmbed},
	canonical: legacyCanonical,
}

var shardedCoreLayout = &layout{
	name: "olmo-sharded-core",
	doc:  "legacy sharded: config.yaml, model/metadata.json, model/rank_0.safetensors …",
	match: func(d *dir) bool {
		return d.has("config.yaml") && d.hasSub(shardedDir) && !d.has("metadata.yaml") && !d.isHF() &&
			(d.hasSub(shardedOptim) || exists(filepath.Join(d.path, shardedDir), "metadata.json"))
	},
	open: func(path string) (*Source, error) {
		return openSharded(path, "rank_*.safetensors", func(dir string) (*formats.Checkpoint, error) {
			return sharded.OpenCore(filepath.Join(dir, shardedDir))
		})
	},
	tied:      [2]string{legacyHead, legacyEmbed},
	canonical: legacyCanonical,
}

const (
	shardedDir   = "model" // of the ranks' parts of the model, in two of the layouts
	shardedOptim = "optim"
)

// rankName matches the file of a rank in the first layout.
var rankName = regexp.MustCompile(`^rank[0-9]+\.pt$`)

// InParts reports whether the tensors are joined of parts in several files, which
// hold more than those.
func (s *Source) InParts() bool {
	switch s.layout {
	case shardedLegacyLayout, shardedLocalLayout, shardedCoreLayout:
		return true
	}
	return s.Distributed != nil
}

// openSharded opens a directory, or that of the file of a rank. optim matches the
// files of the ranks' optimizers, if those have a directory of their own.
func openSharded(path, optim string, open func(dir string) (*formats.Checkpoint, error)) (*Source, error) {
	dir, _, c, err := openConfig(path, "config.yaml", "YAML", parseLegacyConfig)
	if err != nil {
		return nil, err
	}
	s := &Source{Config: c, Beside: Beside{dir}}
	if s.Checkpoint, err = open(dir); err != nil {
		return nil, notFound(err)
	}
	s.Path = dir
	if optim != "" {
		s.findShardedOptimizer(filepath.Join(dir, shardedOptim), optim)
	}
	return s, nil
}

// findShardedOptimizer notes the optimizer in a directory of its own.
func (s *Source) findShardedOptimizer(dir, pattern string) {
	es, err := os.ReadDir(dir)
	if err != nil {
		return // it is not read anyhow
	}
	var files, bytes int64
	for _, e := range es {
		if ok, _ := filepath.Match(pattern, e.Name()); !ok || !e.Type().IsRegular() {
			continue
		}
		if fi, err := e.Info(); err == nil {
			files++
			bytes += fi.Size()
		}
	}
	if files > 0 {
		s.Findings = append(s.Findings, notRead("optimizer", shardedOptim, fmt.Sprintf("%d files of the optimizer, %d bytes: not read", files, bytes)))
	}
}
