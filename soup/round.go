package soup

import (
	"encoding/binary"
	"math"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// The element types that are merged into, and the significands of those that
// block arithmetic reads.
var significands = map[formats.DType]int{formats.BF16: 8, formats.F16: 11, formats.F32: 24}

// quietNaN is what a NaN is written as, whatever the processor made it.
const quietNaN = 0x7fc00000

// toOdd returns y if it is a float32, or else that of its two neighbours the last
// bit of which is set. Rounded once more, to a type with at least two bits less,
// that becomes what y would become.
func toOdd(y float64) float32 {
	f := float32(y)
	switch {
	case float64(f) == y:
		return f
	case y != y:
		return math.Float32frombits(quietNaN)
	}
	b := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(y) {
		b--
	}
	return math.Float32frombits(b | 1)
}

// encode rounds y to nearest even, once. mid is room for as many.
func encode(dst []byte, d formats.DType, y []float64, mid []float32, lost *formats.CastStats) {
	mid = mid[:len(y)]
	switch d {
	case formats.F64:
		for i, v := range y {
			b := math.Float64bits(v)
			if v != v {
				b = math.Float64bits(float64(math.Float32frombits(quietNaN)))
			}
			binary.LittleEndian.PutUint64(dst[8*i:], b)
		}
		return
	case formats.F32:
		divideNearest(mid, y, 1)
		for i, f := range mid {
			switch {
			case f != f:
				mid[i] = math.Float32frombits(quietNaN)
			case f == 0 && y[i] != 0:
				lost.Underflow.Add(1)
			}
		}
	case formats.BF16:
		for len(y) > 0 {
			n := roundBF16Fast(dst, y)
			dst, y = dst[2*n:], y[n:]
			n = min(len(y), rare)
			encodeRare(dst[:2*n], d, y[:n], mid[:n], lost)
			dst, y = dst[2*n:], y[n:]
		}
		return
	default:
		encodeRare(dst, d, y, mid, lost)
		return
	}
	encodeOdd(dst, d, mid)
	count(dst, d, mid, lost)
}

// rare is how many elements kernels leave where one of them needs more care.
const rare = 16

// encodeRare rounds to a type of 16 bits, whatever y is.
func encodeRare(dst []byte, d formats.DType, y []float64, mid []float32, lost *formats.CastStats) {
	for i := roundToOddFast(mid, y); i < len(y); i++ {
		mid[i] = toOdd(y[i])
	}
	encodeOdd(dst, d, mid)
	count(dst, d, mid, lost)
}

// encodeOdd stores values: those of 16 bits are rounded to nearest even, from
// float32 rounded to odd.
func encodeOdd(dst []byte, d formats.DType, src []float32) {
	switch d {
	case formats.BF16:
		ggml.EncodeBF16(dst, src)
	case formats.F16:
		ggml.EncodeF16(dst, src)
	default:
		ggml.EncodeF32(dst, src)
	}
}

// count adds to lost the values of src that became infinite or zero in dst, or
// are NaN.
func count(dst []byte, d formats.DType, src []float32, lost *formats.CastStats) {
	if d == formats.F32 {
		for _, x := range src {
			switch {
			case x-x == 0:
			case x != x:
				lost.NaN.Add(1)
			default:
				lost.Overflow.Add(1)
			}
		}
		return
	}
	inf := uint16(0x7c00)
	if d == formats.BF16 {
		inf = 0x7f80
	}
	for {
		k := ggml.Kept(dst, src, inf)
		if dst, src = dst[2*k:], src[k:]; len(src) == 0 {
			return
		}
		k = min(len(src), 16)
		for i, x := range src[:k] {
			switch h := binary.LittleEndian.Uint16(dst[2*i:]) & 0x7fff; {
			case h > inf:
				lost.NaN.Add(1)
			case h == inf:
				lost.Overflow.Add(1)
			case h == 0 && x != 0:
				lost.Underflow.Add(1)
			}
		}
		dst, src = dst[2*k:], src[k:]
	}
}
