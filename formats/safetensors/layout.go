package safetensors

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
)

// checkLayout puts the tensors into the order of their data and makes sure
// that they cover all of it, in dataBytes bytes, without a gap or an overlap,
// and that each has as many bytes as its type and shape ask for.
func (h *header) checkLayout(dataBytes int64, path string) error {
	order := func(a, b info) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), strings.Compare(a.name, b.name))
	}
	if !slices.IsSortedFunc(h.tensors, order) {
		slices.SortFunc(h.tensors, order)
	}
	var end int64
	for i, t := range h.tensors {
		place := fmt.Sprintf("tensor %.120q", t.name)
		if t.begin != end {
			return formats.Errorf(path, place, "found data_offsets [%d,%d], expected them to begin at %d%s", t.begin, t.end, end, h.after(i))
		}
		want, err := bytesOf(t.dtype, t.shape)
		if err != nil {
			return formats.Errorf(path, place, "%w", err)
		}
		if t.end-t.begin != want {
			return formats.Errorf(path, place, "found %d bytes (data_offsets [%d,%d]), expected %d for %s %v",
				t.end-t.begin, t.begin, t.end, want, t.dtype, t.shape)
		}
		end = t.end
	}
	switch {
	case dataBytes < end:
		return formats.Errorf(path, "data", "found %d bytes, expected %d: the file is cut short", dataBytes, end)
	case dataBytes > end:
		return formats.Errorf(path, "data", "found %d bytes, expected %d: %d belong to no tensor", dataBytes, end, dataBytes-end)
	}
	return nil
}

// after names what ends where tensor i should begin.
func (h *header) after(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf(", after tensor %.120q", h.tensors[i-1].name)
}

// bytesOf is formats.BytesOf with messages of what was found and expected.
func bytesOf(d formats.DType, shape []int64) (int64, error) {
	n, err := formats.ElementsOf(shape)
	if err != nil {
		return 0, fmt.Errorf("found shape %v, expected at most 2⁶³-1 elements", shape)
	}
	if e := d.BlockElems(); n%e != 0 {
		return 0, fmt.Errorf("found %d elements of %s, expected a multiple of %d, which fill whole bytes", n, d, e)
	}
	size, err := d.Bytes(n)
	if err != nil {
		return 0, fmt.Errorf("found shape %v of %s, expected at most 2⁶³-1 bytes", shape, d)
	}
	return size, nil
}

// findings are the oddities of a file whose data begins at base.
func (h *header) findings(base int64, path string) []formats.Finding {
	var all []formats.Finding
	add := func(s formats.Severity, code, format string, args ...any) {
		all = append(all, formats.Finding{Severity: s, Code: code, Where: path, Message: fmt.Sprintf(format, args...)})
	}
	if len(h.tensors) == 0 {
		add(formats.Warning, "no-tensors", "the file holds no tensors")
	}
	if h.nullMetadata {
		add(formats.Info, "null-metadata", "the metadata is null")
	}
	if h.unknownFields > 0 {
		add(formats.Info, "unknown-fields", "%d unknown fields are ignored, the first is %s", h.unknownFields, h.firstUnknown)
	}
	unaligned := 0
	for _, t := range h.tensors {
		if t.end > t.begin && (base+t.begin)%t.dtype.BlockBytes() != 0 && t.dtype.BlockElems() == 1 {
			unaligned++
		}
	}
	if unaligned > 0 {
		add(formats.Info, "unaligned", "unaligned tensors: %d", unaligned)
	}
	return all
}
