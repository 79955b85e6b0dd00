// Package element is about single elements of tensors: their bits, values, order
// and names for people.
package element

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// The bits of infinity, which the magnitude of a NaN is above.
const (
	InfF16  = 0x7c00
	InfBF16 = 0x7f80
	InfF32  = 0x7f800000
	InfF64  = 0x7ff0000000000000
)

// Bits returns the bits of an element of a plain type of at most 8 bytes,
// little-endian in b.
func Bits(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// Value is the number that the bits of a plain floating-point type are.
func Value(d formats.DType, bits uint64) float64 {
	switch d {
	case formats.F16:
		return float64(ggml.F16ToF32(uint16(bits)))
	case formats.BF16:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case formats.F32:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// Print prints element i of a tensor: its value and, of a plain type, its bits.
// It is empty for a type whose blocks cannot be decoded.
func Print(t formats.Tensor, i int64) (string, error) {
	d := t.DType
	if d.BlockElems() != 1 {
		if !formats.CanCast(d, formats.F32) {
			return "", nil
		}
		// A read of a cast decodes the whole block of the element.
		wide, err := formats.Cast(t, formats.F32, nil)
		if err != nil {
			return "", err
		}
		b := make([]byte, 4)
		if err := formats.ReadFull(wide.Data, b, 4*i); err != nil {
			return "", err
		}
		return strconv.FormatFloat(Value(formats.F32, Bits(b)), 'g', -1, 32), nil
	}
	w := d.BlockBytes()
	b := make([]byte, w)
	if err := formats.ReadFull(t.Data, b, w*i); err != nil {
		return "", err
	}
	if w > 8 {
		return fmt.Sprintf("0x%x", b), nil
	}
	bits := Bits(b)
	if !d.IsFloat() {
		return fmt.Sprintf("0x%0*x", 2*w, bits), nil
	}
	size := 32
	if d == formats.F64 {
		size = 64
	}
	return fmt.Sprintf("%s (0x%0*x)", strconv.FormatFloat(Value(d, bits), 'g', -1, size), 2*w, bits), nil
}

// Index returns the index in every dimension of element i.
func Index(shape []int64, i int64) []int64 {
	at := make([]int64, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

// NaNOrder is the place of NaN among ordered values: far from all others.
const NaNOrder = 1<<64 - 1

// Ordered maps the bits of a plain type, whose sign and infinity these are, such
// that values that follow each other are numbers that do: the difference of two
// is their distance in units in the last place. Both zeros are one, and so are
// all NaN: [NaNOrder].
func Ordered(bits, sign, infinite uint64) uint64 {
	m := bits &^ sign
	if m > infinite {
		return NaNOrder
	}
	// Signs are not to be foretold: all ones if it is negative, and no branch.
	negative := uint64(int64(-(bits & sign)) >> 63)
	return 1<<63 + (m ^ negative) - negative
}

// SignAndInf returns the bit of the sign of a plain floating-point type, and the
// bits of infinity, which the magnitude of a NaN is above.
func SignAndInf(d formats.DType) (sign, infinite uint64) {
	switch d {
	case formats.F16:
		return 1 << 15, InfF16
	case formats.BF16:
		return 1 << 15, InfBF16
	case formats.F32:
		return 1 << 31, InfF32
	}
	return 1 << 63, InfF64
}

// Load sets dst to the bits of elements of a plain type.
func Load(dst []uint64, d formats.DType, b []byte) {
	switch d.BlockBytes() {
	case 2:
		for i := range dst {
			dst[i] = uint64(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case 4:
		for i := range dst {
			dst[i] = uint64(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case 8:
		for i := range dst {
			dst[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
}

// Decode sets x to the values of elements of a plain floating-point type; f is
// memory for as many.
func Decode(x []float64, f []float32, d formats.DType, b []byte) {
	if d == formats.F64 {
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return
	}
	f = f[:len(x)]
	Decode32(f, d, b)
	for i, v := range f {
		x[i] = float64(v)
	}
}

// Decode32 is Decode for the types that float32 holds.
func Decode32(f []float32, d formats.DType, b []byte) {
	switch d {
	case formats.F32:
		ggml.DecodeF32(f, b)
	case formats.F16:
		ggml.DecodeF16(f, b)
	case formats.BF16:
		ggml.DecodeBF16(f, b)
	}
}
