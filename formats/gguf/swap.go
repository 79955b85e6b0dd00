package gguf

import (
	"encoding/binary"
	"fmt"
	"io"

	"olmotool/formats"
)

// field is a run of count words of width bytes, at off in a block, that are
// stored in the byte order of the file.
type field struct{ off, width, count int }

// words has for each element type the words of a block that follow the byte
// order; all else in a block is bytes. They are what ggml's C code reads as
// native 16- and 32-bit numbers: scales and minima, the fifth bits of Q5, the
// 16-bit fields of the IQ types. IQ3_XXS has no entry: it packs 32-bit words
// into bytes, and no writer has settled in which order.
var words = map[formats.DType][]field{
	formats.F16:  {{0, 2, 1}},
	formats.BF16: {{0, 2, 1}},
	formats.I16:  {{0, 2, 1}},
	formats.F32:  {{0, 4, 1}},
	formats.I32:  {{0, 4, 1}},
	formats.F64:  {{0, 8, 1}},
	formats.I64:  {{0, 8, 1}},
	formats.I8:   {},

	formats.Q4_0:    {{0, 2, 1}},
	formats.Q4_1:    {{0, 2, 2}},
	formats.Q5_0:    {{0, 2, 1}, {2, 4, 1}},
	formats.Q5_1:    {{0, 2, 2}, {4, 4, 1}},
	formats.Q8_0:    {{0, 2, 1}},
	formats.Q8_1:    {{0, 2, 2}},
	formats.Q2_K:    {{80, 2, 2}},
	formats.Q3_K:    {{108, 2, 1}},
	formats.Q4_K:    {{0, 2, 2}},
	formats.Q5_K:    {{0, 2, 2}},
	formats.Q6_K:    {{208, 2, 1}},
	formats.Q8_K:    {{0, 4, 1}, {260, 2, 16}},
	formats.IQ2_XXS: {{0, 2, 33}},
	formats.IQ2_XS:  {{0, 2, 33}},
	formats.IQ2_S:   {{0, 2, 1}},
	formats.IQ3_S:   {{0, 2, 1}},
	formats.IQ1_S:   {{0, 2, 1}, {34, 2, 8}},
	formats.IQ1_M:   {{48, 2, 4}},
	formats.IQ4_NL:  {{0, 2, 1}},
	formats.IQ4_XS:  {{0, 2, 2}},
	formats.TQ1_0:   {{52, 2, 1}},
	formats.TQ2_0:   {{64, 2, 1}},
	formats.MXFP4:   {},
	formats.NVFP4:   {},
	formats.Q1_0:    {{0, 2, 1}},
	formats.Q2_0:    {{0, 2, 1}},
}

// swap returns t with the words of its blocks in the other byte order. It is
// its own inverse.
func swap(t formats.Tensor) formats.Tensor {
	fields, ok := words[t.DType]
	if ok && len(fields) == 0 {
		return t
	}
	t.Data = &swapped{t.Data, fields, t.DType}
	t.Origin.Offset = -1
	return t
}

// swapped is data with its words in the other byte order.
type swapped struct {
	formats.Data
	fields []field // nil if they are not known
	dtype  formats.DType
}

func (s *swapped) ReadAt(p []byte, off int64) (int, error) {
	if s.fields == nil {
		return 0, fmt.Errorf("found %s data in big-endian order, expected a type of which the order is known", s.dtype)
	}
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	var eof error
	if left := max(s.Size()-off, 0); int64(len(p)) > left {
		p, eof = p[:left], io.EOF
	}
	block := int(s.dtype.BlockBytes())
	scratch := make([]byte, block)
	for done := 0; done < len(p); {
		in := int((off + int64(done)) % int64(block))
		whole := (len(p) - done) / block * block
		if in == 0 && whole > 0 {
			b := p[done : done+whole]
			if err := formats.ReadFull(s.Data, b, off+int64(done)); err != nil {
				return done, err
			}
			s.swap(b, block)
			done += whole
			continue
		}
		if err := formats.ReadFull(s.Data, scratch, off+int64(done-in)); err != nil {
			return done, err
		}
		s.swap(scratch, block)
		done += copy(p[done:], scratch[in:])
	}
	return len(p), eof
}

// swap swaps the words of whole blocks in place.
func (s *swapped) swap(b []byte, block int) {
	for ; len(b) > 0; b = b[block:] {
		for _, f := range s.fields {
			for w := b[f.off : f.off+f.width*f.count]; len(w) > 0; w = w[f.width:] {
				switch f.width {
				case 2:
					binary.BigEndian.PutUint16(w, binary.LittleEndian.Uint16(w))
				case 4:
					binary.BigEndian.PutUint32(w, binary.LittleEndian.Uint32(w))
				case 8:
					binary.BigEndian.PutUint64(w, binary.LittleEndian.Uint64(w))
				}
			}
		}
	}
}
