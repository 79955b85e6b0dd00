package inspect

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/formats/torch"
)

// Container is a file that holds tensors, or the index of such files. The sizes
// add up to Bytes.
type Container struct {
	Path    string `json:"path"`
	Kind    string `json:"kind"` // "safetensors", "torch", "gguf", "index", "distcp" or "distcp-index"
	Bytes   int64  `json:"bytes"`
	Tensors int    `json:"tensors"`
	// TensorBytes is the bytes of tensors, each once however many share them.
	TensorBytes int64 `json:"tensor_bytes"`
	// HeaderBytes is what describes them: headers, pickles, directories.
	HeaderBytes int64 `json:"header_bytes"`
	// PaddingBytes align the tensors of a GGUF and fill up headers; those between
	// the members of a zip archive count as headers.
	PaddingBytes int64 `json:"padding_bytes"`
	// UnusedBytes lie in a container's data and belong to no tensor.
	UnusedBytes int64  `json:"unused_bytes"`
	Facts       []Fact `json:"facts"`
	// Reference is the program that writes such files, and Same whether it would
	// write these bytes for these tensors; if not, Differs says where the two
	// part. Where that is not known, Reference is empty.
	Reference string `json:"reference,omitempty"`
	Same      bool   `json:"same"`
	Differs   string `json:"differs,omitempty"`
}

// Fact is something that a container says of itself.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (c *Container) fact(name, format string, args ...any) {
	c.Facts = append(c.Facts, Fact{name, fmt.Sprintf(format, args...)})
}

// lookAtContainers describes each file. What cannot be read a second time is a
// finding.
func (r *Report) lookAtContainers(src *olmo.Source) {
	var set *gguf.File
	defer func() {
		if set != nil {
			_ = set.Close() // it was read only
		}
	}()
	in := map[string][]formats.Tensor{}
	for _, t := range src.Tensors {
		in[t.Origin.File] = append(in[t.Origin.File], t)
	}
	for _, f := range src.Files {
		here := in[f.Path]
		c := Container{Path: f.Path, Bytes: f.Bytes, Tensors: len(here), Facts: []Fact{}}
		var err error
		switch c.Kind, err = kindOfContainer(f.Path); {
		case err != nil:
		case c.Kind == "index":
			err = c.readIndex()
		case src.Distributed != nil:
			c.readDistributed(src.Distributed)
		case c.Kind == "gguf":
			if set == nil {
				if set, err = gguf.Open(f.Path); err != nil {
					break
				}
			}
			err = c.readGGUF(set, here)
		case c.Kind == "torch":
			file := src.Torch
			if file == nil || len(src.Files) > 1 {
				if file, err = torch.OpenFile(f.Path); err != nil {
					break
				}
				if src.InParts() {
					c.readRank(file)
				} else {
					err = c.readTorch(r, file)
				}
				_ = file.Close()
				break
			}
			err = c.readTorch(r, file)
		default:
			err = c.readSafetensors(r)
		}
		if err != nil {
			r.note(formats.Warning, "unreadable", f.Path, "%v", err)
		}
		r.Containers = append(r.Containers, c)
	}
}

// kindOfContainer tells by the first bytes what a file is that could be opened.
func kindOfContainer(path string) (string, error) {
	if strings.HasSuffix(path, ".index.json") {
		return "index", nil
	}
	switch filepath.Ext(path) {
	case ".metadata":
		return "distcp-index", nil
	case ".distcp":
		return "distcp", nil
	}
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, min(size, 4))
	if err := formats.ReadFull(f, head, 0); err != nil {
		return "", err
	}
	switch {
	case string(head) == "GGUF":
		return "gguf", nil
	case string(head) == "PK\x03\x04", len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return "torch", nil
	}
	return "safetensors", nil
}

// distinct returns how many bytes of a file the tensors are, counting each once.
// It knows those of which the place in the file is known.
func distinct(ts []formats.Tensor) int64 {
	type span struct{ lo, hi int64 }
	var spans []span
	for _, t := range ts {
		if t.Origin.Offset >= 0 {
			spans = append(spans, span{t.Origin.Offset, t.Origin.Offset + t.Bytes()})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi)) })
	var n, end int64
	for _, s := range spans {
		if s.hi > end {
			n += s.hi - max(end, s.lo)
			end = s.hi
		}
	}
	return n
}

// compare says whether a file is what its reference writer plans for its tensors,
// without reading their data.
func (c *Container) compare(reference string, p *formats.FilePlan, err error) error {
	c.Reference = reference
	if err != nil {
		c.Differs = err.Error()
		return nil
	}
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	c.Differs, err = differs(p, c.Path, f, c.Bytes)
	c.Same = err == nil && c.Differs == ""
	return err
}

func differs(p *formats.FilePlan, path string, f io.ReaderAt, size int64) (string, error) {
	var want, have []byte
	for i, s := range p.Segments {
		at := p.Offset(i)
		if t := s.Tensor; t != nil {
			if t.Origin.File != path || t.Origin.Offset != at {
				return fmt.Sprintf("tensor %.120q is at byte %d, not %d", t.Name, t.Origin.Offset, at), nil
			}
			continue
		}
		want, have = slices.Grow(want[:0], int(s.Size))[:s.Size], slices.Grow(have[:0], int(s.Size))[:s.Size]
		have = have[:min(s.Size, max(size-at, 0))]
		if err := formats.ReadFull(s.Data, want, 0); err != nil {
			return "", err
		}
		if err := formats.ReadFull(f, have, at); err != nil {
			return "", err
		}
		if !bytes.Equal(want, have) {
			n := 0
			for n < len(have) && want[n] == have[n] {
				n++
			}
			return fmt.Sprintf("other bytes from byte %d on", at+int64(n)), nil
		}
	}
	if n := p.Size(); n != size {
		return fmt.Sprintf("%d bytes, not %d", size, n), nil
	}
	return "", nil
}
