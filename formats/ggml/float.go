package ggml

import (
	"encoding/binary"
	"math"
)

// DecodeF32 reads little-endian float32 values.
func DecodeF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

// EncodeF32 writes little-endian float32 values.
func EncodeF32(dst []byte, src []float32) {
	for i, x := range src {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(x))
	}
}

// DecodeF64 reads little-endian float64 values, rounded to nearest even.
func DecodeF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

// EncodeF64 writes little-endian float64 values.
func EncodeF64(dst []byte, src []float32) {
	for i, x := range src {
		binary.LittleEndian.PutUint64(dst[8*i:], math.Float64bits(float64(x)))
	}
}

// DecodeBF16 reads bfloat16 values: the upper half of a float32.
func DecodeBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

// EncodeBF16 writes bfloat16 values rounded to nearest even; a NaN keeps its
// upper bits and becomes quiet.
func EncodeBF16(dst []byte, src []float32) {
	for i, x := range src {
		b := math.Float32bits(x)
		h := uint16((b + 0x7fff + b>>16&1) >> 16)
		if b&0x7fffffff > 0x7f800000 {
			h = uint16(b>>16) | 0x40
		}
		binary.LittleEndian.PutUint16(dst[2*i:], h)
	}
}

// DecodeF16 reads IEEE half-precision values.
func DecodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = F16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// EncodeF16 writes IEEE half-precision values rounded to nearest even; what is
// too large becomes infinite.
func EncodeF16(dst []byte, src []float32) {
	for i, x := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(x))
	}
}

// F16ToF32 widens one IEEE half; NaN payloads are kept.
func F16ToF32(h uint16) float32 {
	sign, exp, frac := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case 0:
		// Subnormal: frac units of 2^-24, exact in float32.
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// F32ToF16 rounds to the nearest IEEE half, ties to even. A NaN keeps the upper
// bits of its payload and becomes quiet, as the F16C instructions do.
func F32ToF16(x float32) uint16 {
	b := math.Float32bits(x)
	sign, a := uint16(b>>16&0x8000), b&0x7fffffff
	switch {
	case a > 0x7f800000:
		return sign | 0x7e00 | uint16(a>>13&0x3ff)
	case a >= 0x47800000: // 2^16 and above
		return sign | 0x7c00
	case a >= 0x38800000: // normal halves; the carry may run into infinity, as it should
		return sign | uint16((a-0x38000000+0xfff+a>>13&1)>>13)
	}
	// Subnormal: adding 0.5 lets float32 addition do the rounding to units of 2^-24.
	return sign | uint16(math.Float32bits(math.Float32frombits(a)+0.5)-0x3f000000)
}
