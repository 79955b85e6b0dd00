package soup

import (
	"encoding/binary"
	"math"
	"slices"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// narrow decodes elements of one of the types of significands.
func narrow(dst []float32, d formats.DType, src []byte) {
	switch d {
	case formats.BF16:
		ggml.DecodeBF16(dst, src)
	case formats.F16:
		ggml.DecodeF16(dst, src)
	default:
		ggml.DecodeF32(dst, src)
	}
}

// widen decodes elements of any floating-point type, and reports whether methods
// can compute with them: whether [beyond] finds none. mid is room for as many.
func widen(dst []float64, d formats.DType, src []byte, mid []float32) bool {
	switch d {
	case formats.F64:
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
		}
		return beyond(dst) < 0
	case formats.BF16:
		return widenBF16(dst, src) < infinite<<23
	}
	mid = mid[:len(dst)]
	narrow(mid, d, src)
	return widenF32(dst, mid) < infinite<<23
}

// widenBF16 returns the largest magnitude too, as the bits of a float32.
func widenBF16(dst []float64, src []byte) uint32 {
	i, most := widenBF16Fast(dst, src)
	for ; i < len(dst); i++ {
		b := uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16
		most = max(most, b&math.MaxInt32)
		dst[i] = float64(math.Float32frombits(b))
	}
	return most
}

// widenMinus sets dst to the elements less base, and reports what [widen] does.
func widenMinus(dst []float64, d formats.DType, src []byte, base []float64, mid []float32) bool {
	if d != formats.BF16 {
		ok := widen(dst, d, src, mid)
		subtract(dst, dst, base)
		return ok
	}
	n, most := widenMinusBF16Fast(dst, src, base)
	most = max(most, widenBF16(dst[n:], src[2*n:]))
	subtract(dst[n:], dst[n:], base[n:])
	return most < infinite<<23
}

// widenF32 returns the largest magnitude too, as the bits of a float32.
func widenF32(dst []float64, src []float32) uint32 {
	i, most := widenF32Fast(dst, src)
	for ; i < len(src); i++ {
		most = max(most, math.Float32bits(src[i])&math.MaxInt32)
		dst[i] = float64(src[i])
	}
	return most
}

// finite returns the index of the first element that is not, or -1.
func finite(x []float64) int {
	for i, v := range x {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// beyond returns the index of the first element that methods cannot compute with,
// because it is NaN or larger than maxElement, or -1.
func beyond(x []float64) int {
	var most uint64 // as keys, NaN is larger than any number
	for _, v := range x {
		most = max(most, key(v))
	}
	if most <= key(maxElement) {
		return -1
	}
	return slices.IndexFunc(x, func(v float64) bool { return key(v) > key(maxElement) })
}
