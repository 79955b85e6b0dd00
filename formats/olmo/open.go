package olmo

import (
	"os"
	"path/filepath"
	"strings"

	"olmotool/formats/shards"
)

// Open finds out what path is, by its content, and opens it: a file, a
// directory, or one shard of a set, which stands for the set. from names a
// layout to settle an ambiguity; empty, none. A path that starts with "random:"
// is made up: a shape or the path of a config.json, and after commas seed=N and
// dtype=D.
func Open(path, from string) (*Source, error) {
	if spec, ok := strings.CutPrefix(path, randomPrefix); ok {
		return openRandom(spec)
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, notFound(err)
	}
	if from != "" {
		l, err := findLayout(from)
		if err != nil {
			return nil, err
		}
		return l.openAt(path)
	}
	if !fi.IsDir() {
		return openFile(path)
	}
	d, err := readDir(path)
	if err != nil {
		return nil, err
	}
	l, err := d.detect()
	if err != nil {
		return nil, err
	}
	return l.openAt(path)
}

// openFile opens a path that is not a directory. A file that is among the
// weights of a model's directory stands for the model.
func openFile(path string) (*Source, error) {
	base := filepath.Base(path)
	if d, err := readDir(filepath.Dir(path)); err == nil {
		l, err := d.owner(base)
		if err != nil {
			return nil, err
		}
		if l != nil {
			return l.openAt(path)
		}
	}
	switch {
	case strings.HasSuffix(base, safetensorsIndexExt):
		return bareSafetensorsLayout.openAt(path)
	case strings.HasSuffix(base, torchIndexExt):
		return bareTorchLayout.openAt(path)
	}
	kind, err := sniff(path)
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindGGUF:
		return ggufLayout.openAt(path)
	case kindTorch:
		return bareTorchLayout.openAt(path)
	}
	return bareSafetensorsLayout.openAt(path)
}

// split returns the directory of a path and the name of a file in it, or no name
// if the path is itself a directory.
func split(path string) (dir, base string, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return "", "", notFound(err)
	}
	if fi.IsDir() {
		return path, "", nil
	}
	return filepath.Dir(path), filepath.Base(path), nil
}

// openConfig splits a path and reads the config of its directory.
func openConfig(path, name, kind string, parse func(data []byte, file string) (*Config, error)) (dir, base string, c *Config, err error) {
	if dir, base, err = split(path); err != nil {
		return "", "", nil, err
	}
	file := filepath.Join(dir, name)
	b, err := readBounded(file)
	if err != nil {
		return "", "", nil, err
	}
	if c, err = parse(b, file); err != nil {
		return "", "", nil, sniffed(err, kind)
	}
	return dir, base, c, nil
}

// owner returns the layout among whose weights a file of the directory is; nil
// if it stands for itself.
func (d *dir) owner(base string) (*layout, error) {
	for _, l := range []struct {
		layout *layout
		hf     bool
		owns   bool
	}{
		{hfLayout, true, base == hfFiles.single || base == hfFiles.index() || d.listed(hfFiles, base)},
		{hfBinLayout, true, base == hfBinFiles.single || base == hfBinFiles.index() || d.listed(hfBinFiles, base)},
		{legacyLayout, false, base == "model.pt" && d.has("config.yaml")},
		{weirdLayout, false, base == weirdFile && d.has("config.yaml")},
		{coreDistLayout, false, d.distFile(base) && coreDistLayout.match(d)},
		{shardedTorchLayout, false, d.distFile(base) && shardedTorchLayout.match(d)},
		{shardedLegacyLayout, false, rankName.MatchString(base) && shardedLegacyLayout.match(d)},
		{coreUnshardedLayout, false, (base == "model.pt" || base == "model.safetensors") && d.config == coreConfig || d.isPiece(base)},
	} {
		switch {
		case !l.owns:
		case d.configErr != nil && l.hf:
			return nil, d.configErr // what the file belongs to cannot be known
		case l.hf == d.isHF():
			return l.layout, nil
		}
	}
	return nil, nil
}

// listed reports whether a file is one of those that the index in the directory
// names. If the index itself is broken, a shard by its name is taken for one:
// opening it will tell what is wrong.
func (d *dir) listed(f weightFiles, base string) bool {
	if !d.has(f.index()) || filepath.Ext(base) != f.ext() {
		return false
	}
	x, err := shards.ReadIndex(filepath.Join(d.path, f.index()))
	if err != nil {
		return shardName.MatchString(base)
	}
	for _, name := range x.Files() {
		if name == base {
			return true
		}
	}
	return false
}
