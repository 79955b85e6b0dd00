package diff

import (
	"path/filepath"
	"slices"

	"olmotool/formats/olmo"
)

// noteFiles tells how the two lie on disk: it makes no difference.
func (c *comparison) noteFiles(a, b *olmo.Source) {
	if a.Layout != b.Layout {
		c.note("layouts: A is %s and B is %s", a.Layout, b.Layout)
		return
	}
	if n, k := len(a.Files), len(b.Files); n != k {
		c.note("files: A has %d and B has %d", n, k)
	}
	names := func(s *olmo.Source) (names []string, in map[string]string) {
		in = make(map[string]string, len(s.Tensors))
		for _, t := range s.Tensors {
			names = append(names, t.Origin.Name)
			in[t.Origin.Name] = filepath.Base(t.Origin.File)
		}
		return names, in
	}
	p, inA := names(a)
	q, inB := names(b)
	moved := 0
	for _, name := range p {
		if f, ok := inB[name]; ok && f != inA[name] {
			moved++
		}
	}
	if moved > 0 && len(a.Files)+len(b.Files) > 2 {
		c.note("files: %d tensors lie in a file of another name", moved)
	}
	if !slices.Equal(p, q) && slices.Equal(slices.Sorted(slices.Values(p)), slices.Sorted(slices.Values(q))) {
		c.note("order: the same tensors are stored in another order")
	}
}
