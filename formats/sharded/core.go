package sharded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/internal/filepool"
)

// coreMetadata is the file that says which part of which tensor is in which file.
const coreMetadata = "metadata.json"

// OpenCore describes the model in a directory of metadata.json, rank_0.safetensors,
// rank_1.safetensors …: of the trainer's setting olmo_core, for which OLMo-core 0.1
// wrote it. Errors about the content are *formats.Error.
func OpenCore(dir string) (*formats.Checkpoint, error) {
	c := &core{dir: dir, file: filepath.Join(dir, coreMetadata), pool: filepool.New(dir)}
	out, err := c.open()
	if err != nil {
		_ = c.pool.Close() // err is what matters
		return nil, err
	}
	return out, nil
}

type core struct {
	dir, file string
	pool      *filepool.Pool
	joiner
	found
	parts map[string]map[string]formats.Tensor // by file and name
}

func (c *core) open() (*formats.Checkpoint, error) {
	tensors, err := readCoreMetadata(c.file)
	if err != nil {
		return nil, err
	}
	if err := c.gather(tensors); err != nil {
		return nil, err
	}
	out := &formats.Checkpoint{Path: c.dir, Files: c.pool.All(), Findings: c.findings(), Closers: []io.Closer{c.pool}}
	out.Tensors, err = c.join(c.file)
	return out, err
}

// gather gathers the parts of the tensors from the files.
func (c *core) gather(tensors []coreTensor) error {
	if err := c.files(tensors); err != nil {
		return err
	}
	for i := range tensors {
		t := &tensors[i]
		if err := c.tensor(t); err != nil {
			return placed(err, c.file, fmt.Sprintf("tensor %.120q", t.name))
		}
	}
	return c.leftOver()
}

// files opens what the metadata names.
func (c *core) files(tensors []coreTensor) error {
	c.parts = map[string]map[string]formats.Tensor{}
	var missing []string
	for _, t := range tensors {
		for _, s := range t.specs {
			if _, ok := c.parts[s.file]; ok {
				continue
			}
			if len(c.parts) == maxRanks {
				return formats.Errorf(c.file, "", "found more than %d files, expected at most that many", maxRanks)
			}
			c.parts[s.file] = nil
			f, err := c.pool.Get(s.file)
			if errors.Is(err, fs.ErrNotExist) {
				missing = append(missing, s.file)
				continue
			}
			if err != nil {
				return err
			}
			if c.parts[s.file], err = c.read(f); err != nil {
				return err
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return formats.Errorf(c.dir, "", "found no %s, expected them: %s names them", list(missing), coreMetadata)
}

// read describes the parts in one file.
func (c *core) read(f *filepool.File) (map[string]formats.Tensor, error) {
	x, err := safetensors.OpenAt(f, f.Size, f.Path)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, w := range x.Findings {
		if w.Severity != formats.Info {
			c.note(seen, f.Path, w.Severity, w.Code, w.Message)
		}
	}
	parts := make(map[string]formats.Tensor, len(x.Tensors))
	for _, t := range x.Tensors {
		parts[t.Name] = t
	}
	return parts, nil
}

// tensor gathers the parts of one tensor.
func (c *core) tensor(t *coreTensor) error {
	p, err := c.joiner.tensor(t.name, t.dtype, t.shape, c.file)
	if err != nil {
		return err
	}
	p.flat = t.flat()
	for i := range t.specs {
		s := &t.specs[i]
		n, err := s.elements()
		if err != nil {
			return fmt.Errorf("%.120q: %w", s.file, err)
		}
		part, ok := c.parts[s.file][t.name]
		if !ok && n > 0 {
			return formats.Errorf(c.fileOf(s), fmt.Sprintf("tensor %.120q", t.name), "found none, expected %d elements as %s says", n, coreMetadata)
		}
		delete(c.parts[s.file], t.name)
		if ok && (part.DType != t.dtype || part.Elements() != n) {
			return formats.Errorf(c.fileOf(s), fmt.Sprintf("tensor %.120q", t.name), "found %s %v, expected %s and %d elements as %s says",
				part.DType, part.Shape, t.dtype, n, coreMetadata)
		}
		if n == 0 || t.copied(i) {
			continue
		}
		part.Shape = []int64{n}
		if err := c.cut(p, t, s, part); err != nil {
			return fmt.Errorf("%.120q: %w", s.file, err)
		}
	}
	return nil
}

func (c *core) fileOf(s *coreSpec) string { return filepath.Join(c.dir, s.file) }

// cut adds what one file has of a tensor: ranges of it laid end to end, or a box.
func (c *core) cut(p *parts, t *coreTensor, s *coreSpec, part formats.Tensor) error {
	if s.box() {
		if !p.flat {
			part.Shape = s.shape
			return c.joiner.add(p, s.offset, part)
		}
		return fmt.Errorf("found a box of a tensor of which other files have ranges, expected the one or the other")
	}
	var at int64
	for _, r := range s.ranges {
		n := r[1] - r[0]
		piece, err := formats.Rows(part, at, at+n)
		if err != nil {
			return err
		}
		if err := c.joiner.add(p, []int64{r[0]}, piece); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// leftOver makes sure that the files have no more than the metadata says.
func (c *core) leftOver() error {
	for _, f := range c.pool.All() {
		parts := c.parts[filepath.Base(f.Path)]
		var names []string
		for name := range parts {
			names = append(names, name)
		}
		if len(names) > 0 {
			slices.Sort(names)
			return formats.Errorf(f.Path, "", "found the tensors %s, expected none that %s does not place there: a file of another run?", list(names), coreMetadata)
		}
	}
	return nil
}
