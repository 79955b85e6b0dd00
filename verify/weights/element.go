package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// Bits of an element of a plain type, little-endian in b.
func bitsOf(b []byte) uint64 {
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

// valueOf is the number that the bits of a plain floating-point type are.
func valueOf(d formats.DType, bits uint64) float64 {
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

// element prints element i of a tensor: its value and, of a plain type, its bits.
func element(t formats.Tensor, i int64) (string, error) {
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
		return strconv.FormatFloat(valueOf(formats.F32, bitsOf(b)), 'g', -1, 32), nil
	}
	w := d.BlockBytes()
	b := make([]byte, w)
	if err := formats.ReadFull(t.Data, b, w*i); err != nil {
		return "", err
	}
	if w > 8 {
		return fmt.Sprintf("0x%x", b), nil
	}
	bits := bitsOf(b)
	if !d.IsFloat() {
		return fmt.Sprintf("0x%0*x", 2*w, bits), nil
	}
	size := 32
	if d == formats.F64 {
		size = 64
	}
	return fmt.Sprintf("%s (0x%0*x)", strconv.FormatFloat(valueOf(d, bits), 'g', -1, size), 2*w, bits), nil
}

// unflatten returns the index in every dimension of element i.
func unflatten(shape []int64, i int64) []int64 {
	at := make([]int64, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

// nanOrder is the place of NaN among ordered values: far from all others.
const nanOrder = 1<<64 - 1

// ordered maps the bits of a plain type, whose sign and infinity these are, such that values that follow each other
// are numbers that do: the difference of two is their distance in units in the
// last place. Both zeros are one, and so are all NaN.
func ordered(bits, sign, infinite uint64) uint64 {
	m := bits &^ sign
	switch {
	case m > infinite:
		return nanOrder
	case bits&sign != 0:
		return 1<<63 - m
	}
	return 1<<63 + m
}

// signAndInf returns the bit of the sign of a plain type, and infinity.
func signAndInf(d formats.DType) (sign, infinite uint64) {
	switch d {
	case formats.F16:
		return 1 << 15, infF16
	case formats.BF16:
		return 1 << 15, infBF16
	case formats.F32:
		return 1 << 31, infF32
	}
	return 1 << 63, infF64
}

// loadBits sets dst to the bits of elements of a plain type.
func loadBits(dst []uint64, d formats.DType, b []byte) {
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

// ulpClass is the class of Tensor.ULP that a distance belongs to.
func ulpClass(n uint64) int {
	switch {
	case n <= 2:
		return int(n)
	case n <= 4:
		return 3
	case n <= 8:
		return 4
	}
	return 5
}
