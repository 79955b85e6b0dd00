package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
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
		d.fail("found version 1, expected 2 or %d: convert the original model again", version)
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
