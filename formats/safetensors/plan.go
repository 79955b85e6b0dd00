package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
)

// Plan returns the plan of the file that holds the tensors: the bytes that
// safetensors.torch.save_file writes for them. Wider types come first, and
// within a type names in the order of their bytes, whatever the order of
// tensors. metadata is written with its keys sorted, and not at all if it is
// nil. (With two keys or more the reference's own order is random; and
// transformers refuses files without a "format", which is "pt".)
//
// It refuses what the format cannot hold or readers would take wrongly: names
// that are empty, longer than 64 KiB, not UTF-8, used twice or "__metadata__";
// element types that the format lacks; a header beyond 100 MB.
func Plan(name string, tensors []formats.Tensor, metadata map[string]string) (*formats.FilePlan, error) {
	ordered := slices.Clone(tensors)
	slices.SortStableFunc(ordered, func(a, b formats.Tensor) int {
		return cmp.Or(-cmp.Compare(a.DType, b.DType), strings.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(ordered, metadata)
	if err != nil {
		return nil, err
	}
	p := &formats.FilePlan{Name: name, Segments: make([]formats.Segment, 0, 1+len(ordered))}
	p.Segments = append(p.Segments, formats.Segment{Size: int64(len(header)), Data: bytes.NewReader(header)})
	for i := range ordered {
		t := &ordered[i]
		p.Segments = append(p.Segments, formats.Segment{Size: t.Bytes(), Data: t.Data, Tensor: t})
	}
	return p, nil
}

// encodeHeader returns everything before the data.
func encodeHeader(ordered []formats.Tensor, metadata map[string]string) ([]byte, error) {
	if len(ordered) > maxEntries || len(metadata) > maxEntries {
		return nil, fmt.Errorf("safetensors: found %d tensors and %d entries of metadata, expected at most %d of each",
			len(ordered), len(metadata), maxEntries)
	}
	e := encoder{out: make([]byte, prefixBytes, 4096)}
	e.out = append(e.out, '{')
	if err := e.metadata(metadata); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(ordered))
	var end int64
	for _, t := range ordered {
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %.120q: found twice, expected each name once", t.Name)
		}
		seen[t.Name] = true
		begin := end
		if err := check(t); err != nil {
			return nil, fmt.Errorf("tensor %.120q: %w", t.Name, err)
		}
		var err error
		if end, err = formats.AddChecked(begin, t.Bytes()); err != nil {
			return nil, fmt.Errorf("tensor %.120q: %w", t.Name, err)
		}
		e.tensor(t, begin, end)
		if len(e.out) > prefixBytes+maxHeader {
			break
		}
	}
	e.out = append(e.out, '}')
	for len(e.out)%8 != 0 { // the data begins at a multiple of eight
		e.out = append(e.out, ' ')
	}
	n := len(e.out) - prefixBytes
	if n > maxHeader {
		return nil, fmt.Errorf("safetensors: found a header of more than %d bytes, expected at most that many", maxHeader)
	}
	binary.LittleEndian.PutUint64(e.out, uint64(n))
	return e.out, nil
}

// check refuses a tensor that a file cannot hold.
func check(t formats.Tensor) error {
	switch {
	case t.Name == "":
		return fmt.Errorf("found an empty name, expected one")
	case t.Name == metadataKey:
		return fmt.Errorf("found the name of the metadata, expected another")
	case len(t.Name) > maxName:
		return fmt.Errorf("found a name of %d bytes, expected at most %d", len(t.Name), maxName)
	case !utf8.ValidString(t.Name):
		return fmt.Errorf("found a name that is not UTF-8, expected UTF-8")
	case len(t.Shape) > maxDims:
		return fmt.Errorf("found %d dimensions, expected at most %d", len(t.Shape), maxDims)
	}
	if _, ok := dtypes[t.DType.String()]; !ok {
		return fmt.Errorf("found dtype %s, expected one that safetensors has", t.DType)
	}
	want, err := bytesOf(t.DType, t.Shape)
	if err == nil && want != t.Bytes() {
		err = fmt.Errorf("found %d bytes, expected %d for %s %v", t.Bytes(), want, t.DType, t.Shape)
	}
	return err
}
