package gguf

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
)

// record is a tensor's record. Its data is [at, at+size) of the file.
type record struct {
	name     string
	shape    []int64 // outermost first
	dtype    formats.DType
	at, size int64
}

// readTensors reads the tensor records; the offsets are made absolute by locate.
func (h *header) readTensors(d *decoder, n uint64) {
	seen := map[string]bool{}
	for i := uint64(0); i < n && d.err == nil; i++ {
		d.place = fmt.Sprintf("tensor %d", i)
		name := d.string("name length")
		if d.err != nil {
			return
		}
		if err := checkName(name); err != nil {
			d.fail("%w", err)
			return
		}
		d.place = fmt.Sprintf("tensor %q", name)
		if seen[name] {
			d.fail("found a second one, expected one")
		}
		seen[name] = true

		nDims := d.u32("dimension count")
		if nDims > maxDims {
			d.fail("found %d dimensions, expected at most %d", nDims, maxDims)
			return
		}
		shape := make([]int64, nDims)
		for j := range shape {
			n := d.u64("dimension")
			if n > 1<<63-1 {
				d.fail("found %d elements in dimension %d, expected less than 2^63", n, j)
			}
			shape[j] = int64(n)
		}
		slices.Reverse(shape)
		if _, err := formats.ElementsOf(shape); err != nil {
			d.fail("found shape %v, expected a product of less than 2^63", shape)
		}
		id, offset := d.u32("tensor type"), d.u64("offset")
		if d.err != nil {
			return
		}
		dtype, err := DTypeOf(id)
		if err != nil {
			d.fail("%w", err)
		}
		size, err := bytesOf(dtype, shape)
		if err != nil {
			d.fail("%w", err)
		}
		if offset > 1<<63-1 {
			d.fail("found offset %d, expected less than 2^63", offset)
		}
		h.tensors = append(h.tensors, record{name, shape, dtype, int64(offset), size})
	}
}

// locate checks that each tensor begins where the one before it ends, padded,
// and ends within the file, and says where that is.
func (h *header) locate(d *decoder) {
	if d.err != nil {
		return
	}
	start, err := pad(d.pos, h.alignment)
	if err != nil {
		d.fail("found metadata that ends at byte %d, expected less than 2^63 with its padding", d.pos)
		return
	}
	end := start // of the padded data so far
	for i := range h.tensors {
		t := &h.tensors[i]
		d.place = fmt.Sprintf("tensor %q", t.name)
		if t.at != end-start {
			d.fail("found offset %d, expected %d, where the tensor before it ends", t.at, end-start)
			return
		}
		t.at = end
		last, err := formats.AddChecked(end, t.size)
		if err != nil {
			d.fail("found data of %d bytes at byte %d, expected it to end below byte 2^63", t.size, end)
			return
		}
		if last > d.size {
			d.fail("found a file of %d bytes, expected at least %d for data of %d bytes at byte %d", d.size, last, t.size, end)
			return
		}
		if end, err = pad(last, h.alignment); err != nil {
			d.fail("found data that ends at byte %d, expected less than 2^63 with its padding", last)
			return
		}
	}
	if d.size > end {
		h.findings = append(h.findings, formats.Finding{
			Severity: formats.Warning, Code: "trailing-bytes", Where: d.file,
			Message: fmt.Sprintf("%d bytes follow the data, which ends at byte %d", d.size-end, end),
		})
	}
}

// bytesOf is formats.BytesOf with errors that speak of the record.
func bytesOf(dtype formats.DType, shape []int64) (int64, error) {
	n, err := formats.BytesOf(dtype, shape)
	if err == nil {
		return n, nil
	}
	row := int64(1)
	if len(shape) > 0 {
		row = shape[len(shape)-1]
	}
	if block := dtype.BlockElems(); row%block != 0 {
		return 0, fmt.Errorf("found rows of %d elements, expected a multiple of %d for %s", row, block, dtype)
	}
	return 0, fmt.Errorf("found %s of shape %v, expected less than 2^63 bytes", dtype, shape)
}

// pad rounds n up to a multiple of alignment, a power of two.
func pad(n, alignment int64) (int64, error) {
	n, err := formats.AddChecked(n, alignment-1)
	return n &^ (alignment - 1), err
}

func checkName(name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("found a name of %d bytes, expected at most %d", len(name), maxName)
	case strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("found a NUL byte in the name, expected none")
	}
	return nil
}
