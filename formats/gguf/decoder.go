package gguf

import (
	"bufio"
	"encoding/binary"
	"io"
	"reflect"
	"slices"

	"olmotool/formats"
)

// The limits of what is read. What a file declares is first held against the
// bytes that it has left; these bound what a very large file can make us hold.
const (
	// The key-values and tensor records of a file, together. Vocabularies of
	// 260 000 tokens with their merges take less than 20 MiB. In memory they
	// become at most some eight times as much, when they are all tiny records.
	maxMetadata = 128 << 20

	// Records. The largest models have some thousand tensors in a file and
	// around a hundred keys.
	maxTensors = 1 << 20
	maxKeys    = 1 << 16

	// The bytes of a key, from the specification of the format.
	maxKey = 1<<16 - 1

	// Tensor names end up in a C buffer of 64 bytes, and tensors in a C array
	// of four dimensions.
	maxName = 63
	maxDims = 4

	// The C reader takes any power of two. No device asks for more than a page
	// or two, and padding to 2^31 only serves to overflow somebody's sum.
	maxAlignment = 1 << 20

	// Shards are counted in a uint16, but all are open at once.
	maxShards = 4096
)

// Sizes of the smallest records, to hold counts against.
const (
	minKeyValue = 8 + 1 + 4 + 1 // a key of one byte with a value of one byte
	minTensor   = 8 + 4 + 4 + 8 // an unnamed scalar
)

// decoder reads the records of a file in order. The first thing that goes wrong
// is kept in err, and from there on it reads zeros.
type decoder struct {
	r     *bufio.Reader
	order byteOrder
	file  string
	place string // of the record being read
	pos   int64
	size  int64 // of the file
	err   error

	oddBool bool // a bool was neither 0 nor 1
}

func newDecoder(file string, r io.ReaderAt, size int64) *decoder {
	return &decoder{
		r:    bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(size, 64<<10))),
		file: file, place: "header", size: size, order: binary.LittleEndian,
	}
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = formats.Errorf(d.file, d.place, format, args...)
	}
}

// left returns how many bytes the file has from here on.
func (d *decoder) left() int64 { return d.size - d.pos }

// need fails unless n more bytes, of what, are there and may be read.
func (d *decoder) need(n int64, what string) bool {
	switch {
	case d.err != nil:
	case n > d.left():
		d.fail("found %d bytes left at byte %d, expected %d for %s", d.left(), d.pos, n, what)
	case n > maxMetadata-d.pos:
		d.fail("found metadata of more than %d bytes (%s at byte %d needs %d), expected at most that", int64(maxMetadata), what, d.pos, n)
	}
	return d.err == nil
}

// bytes returns the next n bytes, valid until the next call, or nil.
func (d *decoder) bytes(n int, what string) []byte {
	if !d.need(int64(n), what) {
		return nil
	}
	b, err := d.r.Peek(n)
	if err == bufio.ErrBufferFull {
		b = make([]byte, n)
		_, err = io.ReadFull(d.r, b)
	} else if err == nil {
		_, err = d.r.Discard(n)
	}
	if err != nil {
		d.fail("reading %s at byte %d: %w", what, d.pos, err)
		return nil
	}
	d.pos += int64(n)
	return b
}

func (d *decoder) u32(what string) uint32 {
	if b := d.bytes(4, what); b != nil {
		return d.order.Uint32(b)
	}
	return 0
}

func (d *decoder) u64(what string) uint64 {
	if b := d.bytes(8, what); b != nil {
		return d.order.Uint64(b)
	}
	return 0
}

// length reads a number of things, of which each takes size bytes at least.
func (d *decoder) length(size int64, what string) int {
	at := d.pos
	n := d.u64(what)
	if d.err == nil && n > uint64(d.left()/size) {
		d.fail("found %s %d at byte %d, expected at most %d, as %d bytes are left", what, n, at, d.left()/size, d.left())
	}
	if d.err != nil {
		return 0
	}
	d.need(int64(n)*size, what)
	return int(n)
}

func (d *decoder) string(what string) string {
	n := d.length(1, what)
	if d.err != nil {
		return ""
	}
	return string(d.bytes(n, what))
}

// value reads a value with its type.
func (d *decoder) value() any {
	switch id := d.u32("value type"); {
	case d.err != nil:
		return nil
	case id == idArray:
		return d.array()
	case id >= uint32(len(valueTypes)):
		d.fail("found value type %d, expected 0 to %d", id, len(valueTypes)-1)
		return nil
	case id == idString:
		return d.string("string length")
	default:
		v := reflect.New(valueTypes[id].goType)
		d.decode(v.Interface(), id, 1)
		return v.Elem().Interface()
	}
}

func (d *decoder) array() any {
	id := d.u32("element type")
	switch {
	case d.err != nil:
		return nil
	case id == idArray:
		d.fail("found an array of arrays, expected an array of plain values")
		return nil
	case id >= uint32(len(valueTypes)):
		d.fail("found element type %d, expected 0 to %d", id, len(valueTypes)-1)
		return nil
	}
	n := d.length(valueTypes[id].size, "array length")
	if d.err != nil {
		return nil
	}
	if id == idString {
		s := []string{} // grown while reading: the strings may not be there
		for range n {
			if s = append(s, d.string("string length")); d.err != nil {
				return nil
			}
		}
		return s
	}
	v := reflect.MakeSlice(reflect.SliceOf(valueTypes[id].goType), n, n).Interface()
	d.decode(v, id, n)
	return v
}

// decode fills v, a pointer or a slice, with n values of type id.
func (d *decoder) decode(v any, id uint32, n int) {
	b := d.bytes(n*int(valueTypes[id].size), "value")
	if d.err != nil {
		return
	}
	if id == idBool && slices.ContainsFunc(b, func(x byte) bool { return x > 1 }) {
		d.oddBool = true
	}
	if _, err := binary.Decode(b, d.order, v); err != nil {
		d.fail("%w", err)
	}
}
