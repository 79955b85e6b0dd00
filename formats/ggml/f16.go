package ggml

import (
	"encoding/binary"
	"math"
)

// Magnitudes of float32 values that matter to a half: 2^-14, the smallest
// normal half, and 2^16, from which on all is infinite.
const (
	minNormalF16 = 113 << 23
	overflowF16  = 143 << 23
)

// DecodeF16 reads IEEE half-precision values; NaN payloads are kept.
func DecodeF16(dst []float32, src []byte) {
	n := decodeF16Fast(dst, src)
	decodeF16(dst[n:], src[2*n:])
}

func decodeF16(dst []float32, src []byte) {
	for ; len(dst) >= 4; dst, src = dst[4:], src[8:] {
		d, s := (*[4]float32)(dst), binary.LittleEndian.Uint64(src)
		d[0] = F16ToF32(uint16(s))
		d[1] = F16ToF32(uint16(s >> 16))
		d[2] = F16ToF32(uint16(s >> 32))
		d[3] = F16ToF32(uint16(s >> 48))
	}
	for i := range dst {
		dst[i] = F16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// EncodeF16 writes IEEE half-precision values as [F32ToF16] rounds them.
func EncodeF16(dst []byte, src []float32) {
	n := encodeF16Fast(dst, src)
	encodeF16(dst[2*n:], src[n:])
}

func encodeF16(dst []byte, src []float32) {
	for len(src) >= 4 && len(dst) >= 8 {
		s, out := (*[4]float32)(src), (*[8]byte)(dst)
		dst, src = dst[8:], src[4:]
		a, b, c, d := math.Float32bits(s[0]), math.Float32bits(s[1]), math.Float32bits(s[2]), math.Float32bits(s[3])
		// One comparison finds out whether all are normal halves: what is below
		// wraps to the top.
		if max(max(a&absBits-minNormalF16, b&absBits-minNormalF16), max(c&absBits-minNormalF16, d&absBits-minNormalF16)) < overflowF16-minNormalF16 {
			a, b, c, d = normalF16(a), normalF16(b), normalF16(c), normalF16(d)
		} else {
			a, b, c, d = f16(a), f16(b), f16(c), f16(d)
		}
		binary.LittleEndian.PutUint64(out[:], uint64(a|b<<16)|uint64(c|d<<16)<<32)
	}
	for i, x := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(x))
	}
}

// F16ToF32 widens one IEEE half; a NaN keeps its payload.
func F16ToF32(h uint16) float32 {
	sign, a := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
	switch {
	case a >= 0x7c00<<13: // infinite or NaN
		return math.Float32frombits(sign | a + 224<<23)
	case a < 0x400<<13:
		// Subnormal, in units of 2^-24: 2^-14 is put before it and taken off.
		f := math.Float32frombits(a|minNormalF16) - 1.0/(1<<14)
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | a + 112<<23)
}

// F32ToF16 rounds to the nearest IEEE half, ties to even; what is too large
// becomes infinite. A NaN keeps the upper bits of its payload and becomes
// quiet, as the F16C instructions do.
func F32ToF16(x float32) uint16 { return uint16(f16(math.Float32bits(x))) }

// f16 is F32ToF16 of the float32 b.
func f16(b uint32) uint32 {
	sign, a := b>>16&0x8000, b&absBits
	if a > infBits {
		return sign | 0x7e00 | a>>13&0x3ff
	}
	a = min(a, overflowF16)
	// Addition does the rounding: beside m, which is 2^13 times the power of two
	// of a, but at least that of the smallest normal half, units of the sum are
	// those of the half. What they come to includes the leading one, which
	// carries into the exponent.
	m := max(a&infBits, minNormalF16) + 13<<23
	units := math.Float32bits(math.Float32frombits(a)+math.Float32frombits(m)) - m
	return sign | (m-13<<23-minNormalF16)>>13 + units
}

// normalF16 is f16 for magnitudes in [2^-14, 2^16). A carry may run into
// infinity, as it should.
func normalF16(b uint32) uint32 {
	a := b & absBits
	return b>>16&0x8000 | (a-112<<23+0xfff+a>>13&1)>>13
}
