package inspect

import (
	"path/filepath"
	"slices"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// readGGUF describes a file: of a set, one of its shards, of which the tensors are
// here.
func (c *Container) readGGUF(set *gguf.File, here []formats.Tensor) error {
	first := c.Bytes // of the tensors
	for _, t := range here {
		first = min(first, t.Origin.Offset)
	}
	c.TensorBytes = distinct(here)
	c.HeaderBytes = first
	c.PaddingBytes = c.Bytes - first - c.TensorBytes
	c.fact("version", "%d", set.Version)
	c.fact("alignment", "%d", set.Alignment)
	if set.BigEndian {
		c.fact("byte order", "big-endian")
		return nil // gguf-py and the format disagree on block types
	}
	kvs := set.KVs
	if n := len(set.Files); n > 1 {
		i := slices.IndexFunc(set.Files, func(f formats.File) bool { return filepath.Base(f.Path) == filepath.Base(c.Path) })
		c.fact("shard", "%d of %d", i+1, n)
		if i > 0 {
			kvs = nil
		}
		kvs = gguf.Set(kvs, "split.no", uint16(i))
		kvs = gguf.Set(kvs, "split.count", uint16(n))
		kvs = gguf.Set(kvs, "split.tensors.count", int32(len(set.Tensors)))
	}
	p, err := gguf.Plan(filepath.Base(c.Path), kvs, here, gguf.Options{})
	return c.compare("gguf-py GGUFWriter", p, err)
}
