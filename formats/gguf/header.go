package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"olmotool/formats"
)

const (
	magic            = "GGUF"
	version          = 3
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
)

// header is everything in a file but its tensor data.
type header struct {
	version   uint32
	bigEndian bool
	alignment int64
	kvs       []KV
	tensors   []record
	findings  []formats.Finding
}

// record is a tensor's record. Its data is [at, at+size) of the file.
type record struct {
	name     string
	shape    []int64 // outermost first
	dtype    formats.DType
	at, size int64
}

// readHeader reads and checks the header of a file of size bytes, and that the
// data which it describes lies in the file.
func readHeader(file string, r io.ReaderAt, size int64) (*header, error) {
	d := newDecoder(file, r, size)
	h := &header{alignment: defaultAlignment}
	nTensors, nKeys := h.readCounts(d)
	h.readKeys(d, nKeys)
	h.readAlignment(d)
	h.readTensors(d, nTensors)
	h.locate(d)
	return h, d.err
}

// readCounts reads what comes before the records.
func (h *header) readCounts(d *decoder) (nTensors, nKeys uint64) {
	if m := d.bytes(len(magic), "magic"); d.err == nil && string(m) != magic {
		d.fail("found %q, expected %q", m, magic)
	}
	h.version = d.u32("version")
	// A version in the other order has its low half empty. The magic is the same.
	if h.version != 0 && h.version&0xffff == 0 {
		h.bigEndian, d.order = true, binary.BigEndian
		h.version = bits.ReverseBytes32(h.version)
	}
	switch {
	case h.version == 1:
		d.fail("found version 1, expected 2 or %d: convert the original model again, nothing has read version 1 since 2023", version)
	case h.version < 2 || h.version > version:
		d.fail("found version %d, expected 2 or %d", h.version, version)
	}
	nTensors, nKeys = d.u64("tensor count"), d.u64("key count")
	if d.err != nil {
		return 0, 0
	}
	if most := uint64(min(d.left()/minKeyValue, maxKeys)); nKeys > most {
		d.fail("found %d keys, expected at most %d in the %d bytes that are left", nKeys, most, d.left())
	}
	if most := uint64(min(d.left()/minTensor, maxTensors)); nTensors > most {
		d.fail("found %d tensors, expected at most %d in the %d bytes that are left", nTensors, most, d.left())
	}
	return nTensors, nKeys
}

func (h *header) readKeys(d *decoder, n uint64) {
	seen := map[string]bool{}
	for i := uint64(0); i < n && d.err == nil; i++ {
		d.place = fmt.Sprintf("key %d", i)
		key := d.string("key length")
		if d.err != nil {
			return
		}
		if err := checkKey(key); err != nil {
			d.fail("%w", err)
			return
		}
		d.place = fmt.Sprintf("key %q", key)
		if seen[key] {
			d.fail("found a second one, expected one")
		}
		seen[key] = true
		d.oddBool = false
		h.kvs = append(h.kvs, KV{key, d.value()})
		if d.oddBool {
			h.findings = append(h.findings, formats.Finding{
				Severity: formats.Warning, Code: "bool-value", Where: d.file + ": " + d.place,
				Message: "a bool is neither 0 nor 1; read as true",
			})
		}
	}
}

func (h *header) readAlignment(d *decoder) {
	if d.err != nil {
		return
	}
	d.place = "" // the error names the key
	a, err := alignmentOf(h.kvs)
	if err != nil {
		d.fail("%w", err)
	}
	h.alignment = a
}

// alignmentOf returns the alignment that kvs ask for.
func alignmentOf(kvs []KV) (int64, error) {
	a, ok, err := Lookup[uint32](kvs, alignmentKey)
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return defaultAlignment, nil
	case a == 0 || a&(a-1) != 0 || a > maxAlignment:
		return 0, fmt.Errorf("key %q: found %d, expected a power of two of at most %d", alignmentKey, a, maxAlignment)
	}
	return int64(a), nil
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
			d.fail("%w", err)
		}
		id, offset := d.u32("tensor type"), d.u64("offset")
		if d.err != nil {
			return
		}
		dtype, err := DTypeOf(id)
		if err != nil {
			d.fail("%w", err)
		}
		size, err := formats.BytesOf(dtype, shape)
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
	start, err := pad(d.pos, h.alignment)
	if err != nil {
		d.fail("%w", err)
	}
	if d.err != nil {
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
			d.fail("%w", err)
			return
		}
		if last > d.size {
			d.fail("found a file of %d bytes, expected at least %d for data of %d bytes at byte %d", d.size, last, t.size, end)
			return
		}
		if end, err = pad(last, h.alignment); err != nil {
			d.fail("%w", err)
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

// pad rounds n up to a multiple of alignment, a power of two.
func pad(n, alignment int64) (int64, error) {
	n, err := formats.AddChecked(n, alignment-1)
	return n &^ (alignment - 1), err
}

func checkKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("found an empty key, expected a name")
	case len(key) > maxKey:
		return fmt.Errorf("found a key of %d bytes, expected at most %d", len(key), maxKey)
	case strings.IndexByte(key, 0) >= 0:
		return fmt.Errorf("found a NUL byte in the key, expected none")
	}
	return nil
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
