package dcp

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
)

// Checkpoint is a distributed checkpoint.
type Checkpoint struct {
	// Checkpoint has all tensors, by their keys, in the order of .metadata: in
	// OLMo-core's those of the model begin with "model.", those of the optimizer
	// with "optim.".
	*formats.Checkpoint
	// Objects are the keys of what is no tensor: settings of an optimizer, say.
	Objects []string
	// Parts are the files with the items, in the order of their paths.
	Parts []Part
}

// Part is a file of a distributed checkpoint. Its items are tensors' chunks, each
// wrapped as a file of its own, and objects.
type Part struct {
	Path        string
	Items       int
	Chunks      int
	ItemBytes   int64 // of all items
	TensorBytes int64 // of what the chunks hold
}

// Open describes the checkpoint in a directory, that of .metadata. The chunks of
// every tensor must cover it, and every file must be there and long enough.
func Open(dir string) (*Checkpoint, error) {
	m, err := readMetadata(dir)
	if err != nil {
		return nil, err
	}
	p := newFiles(dir)
	if err := m.files(p); err != nil {
		return nil, err
	}
	c := &Checkpoint{Checkpoint: &formats.Checkpoint{Path: dir, Files: []formats.File{{Path: m.file, Bytes: m.size}}}, Objects: m.objects}
	for _, t := range m.tensors {
		x, err := m.assemble(p, t)
		if err != nil {
			return nil, formats.Errorf(m.file, "", "%w", err)
		}
		c.Tensors = append(c.Tensors, x)
	}
	c.Files = append(c.Files, p.All()...)
	for _, f := range p.all {
		c.Parts = append(c.Parts, f.holds)
	}
	slices.SortFunc(c.Parts, func(a, b Part) int { return strings.Compare(a.Path, b.Path) })
	c.Closers = append(c.Closers, p)
	return c, nil
}

// maxListed is how many files a message names.
const maxListed = 20

// files looks at the files that items lie in.
func (m *metadata) files(p *files) error {
	var missing []string
	seen := map[string]bool{}
	for _, k := range m.order {
		l := m.items[k]
		f, err := p.get(l.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if !seen[l.path] {
				seen[l.path] = true
				missing = append(missing, l.path)
			}
			continue
		case err != nil:
			return err
		}
		if l.off > f.Size || l.length > f.Size-l.off {
			return formats.Errorf(f.Path, fmt.Sprintf("item %.120q", k.key), "found %d bytes, expected %d more from byte %d on: the file is cut off, or belongs to another %s", f.Size, l.length, l.off, metadataName)
		}
		f.holds.Items++
		f.holds.ItemBytes += min(l.length, f.Size-f.holds.ItemBytes) // items that overlap may be more than the file
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	more := ""
	if n := len(missing); n > maxListed {
		missing, more = missing[:maxListed], fmt.Sprintf(" and %d more", n-maxListed)
	}
	return formats.Errorf(filepath.Dir(m.file), "", "found no files %.200q%s, expected them: %s names them", missing, more, metadataName)
}

// assemble joins the chunks of a tensor.
func (m *metadata) assemble(p *files, t *tensorMeta) (formats.Tensor, error) {
	chunks := make([]formats.Chunk, 0, len(t.chunks))
	for _, c := range t.chunks {
		n, err := formats.BytesOf(t.dtype, c.shape)
		if err != nil {
			return formats.Tensor{}, fmt.Errorf("tensor %.120q: %w", t.key, err)
		}
		l, ok := m.items[keyOf(t.key, c.offset)]
		if !ok && n > 0 {
			return formats.Tensor{}, fmt.Errorf("tensor %.120q: found no item for the chunk at %v, expected one", t.key, c.offset)
		}
		var file *dataFile
		if ok {
			if file, err = p.get(l.path); err != nil {
				return formats.Tensor{}, err
			}
		}
		x, err := formats.NewTensor(t.key, t.dtype, c.shape, &item{key: t.key, file: file, at: l, dtype: t.dtype, shape: c.shape, size: n})
		if err != nil {
			return formats.Tensor{}, err
		}
		if file != nil {
			x.Origin = formats.Origin{Name: t.key, File: file.Path, Offset: -1}
			file.holds.Chunks++
			file.holds.TensorBytes += min(n, file.Size-file.holds.TensorBytes)
		}
		chunks = append(chunks, formats.Chunk{Offset: c.offset, Tensor: x})
	}
	return formats.Assemble(t.key, t.dtype, t.shape, chunks)
}
