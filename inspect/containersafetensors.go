package inspect

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/shards"
)

// readSafetensors describes a file. Its header is read again, because the
// metadata of the source is what all files agree in.
func (c *Container) readSafetensors(r *Report) error {
	ck, err := safetensors.Open(c.Path)
	if err != nil {
		return err
	}
	defer ck.Close()
	header, err := safetensorsHeader(c.Path, c.Bytes)
	if err != nil {
		return err
	}
	slack := int64(len(header) - len(bytes.TrimRight(header, " \t\r\n")))
	c.TensorBytes = distinct(ck.Tensors)
	c.PaddingBytes = slack
	c.HeaderBytes = 8 + int64(len(header)) - slack
	c.UnusedBytes = c.Bytes - c.TensorBytes - c.HeaderBytes - slack
	if slack >= 8 {
		r.note(formats.Info, "header-slack", c.Path, "found %d bytes of white space behind the header, expected fewer than 8", slack)
	}
	p, err := safetensors.Plan(filepath.Base(c.Path), ck.Tensors, ck.Metadata)
	if err := c.compare("safetensors save_file", p, err); err != nil || c.Same {
		return err
	}
	if order := explain(ck.Tensors, p); order != "" {
		c.Differs = order
	} else if len(ck.Metadata) > 1 {
		plain, err := safetensors.Plan(filepath.Base(c.Path), ck.Tensors, nil)
		if err == nil && sameButMetadata(header, plain) {
			c.Same, c.Differs = true, "the order of the metadata, which the writer leaves to chance"
		}
	}
	return nil
}

// explain says in what the order of the tensors is not the writer's: by type, the
// widest first, then by name.
func explain(ts []formats.Tensor, p *formats.FilePlan) string {
	if p == nil {
		return ""
	}
	i := 0
	for _, s := range p.Segments {
		if s.Tensor == nil {
			continue
		}
		if i < len(ts) && ts[i].Name != s.Tensor.Name && s.Tensor.Bytes() > 0 {
			return "the order of the tensors: by type and name, " + listed([]string{s.Tensor.Name}) + " would come before " + listed([]string{ts[i].Name})
		}
		i++
	}
	return ""
}

// sameButMetadata reports whether a header is the planned one, metadata aside.
func sameButMetadata(header []byte, plain *formats.FilePlan) bool {
	b := make([]byte, plain.Segments[0].Size)
	if formats.ReadFull(plain.Segments[0].Data, b, 0) != nil {
		return false
	}
	rest := strings.TrimRight(string(b[9:]), " ") // behind the length and the brace
	all := strings.TrimRight(string(header), " ")
	return strings.HasPrefix(all, `{"__metadata__":{`) && strings.HasSuffix(all, "},"+rest) && (len(header)+8)%8 == 0 && len(header)-len(all) < 8
}

// safetensorsHeader returns the JSON of a file that was opened before.
func safetensorsHeader(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var n [8]byte
	if err := formats.ReadFull(f, n[:], 0); err != nil {
		return nil, err
	}
	have := binary.LittleEndian.Uint64(n[:])
	if have > uint64(max(size-8, 0)) {
		return nil, formats.Errorf(path, "header length", "found %d, expected at most %d (did the file change?)", have, size-8)
	}
	b := make([]byte, have)
	return b, formats.ReadFull(f, b, 8)
}

// readIndex compares an index with what transformers writes for what it says.
func (c *Container) readIndex() error {
	c.HeaderBytes = c.Bytes
	x, err := shards.ReadIndex(c.Path)
	if err != nil {
		return err
	}
	c.fact("files", "%d", len(x.Files()))
	c.fact("tensors", "%d", len(x.WeightMap))
	have, err := readSmall(c.Path, c.Bytes)
	if err != nil {
		return err
	}
	want, err := shards.EncodeIndex(x)
	c.Reference = "transformers save_pretrained"
	switch {
	case err != nil:
		c.Differs = err.Error()
	case slices.Equal(have, want):
		c.Same = true
	default:
		c.Differs = "spelling of the JSON, or other metadata"
	}
	return nil
}
