package ggml

import (
	"encoding/binary"
	"math"
)

// A Q8_0 block: a half-precision scale and 32 signed bytes.
const (
	q8Elems = 32
	q8Bytes = 2 + q8Elems
)

// DecodeQ8_0 reads Q8_0 blocks: value = q·d.
func DecodeQ8_0(dst []float32, src []byte) {
	n := decodeQ8_0Fast(dst, src)
	decodeQ8_0(dst[n:], src[n/q8Elems*q8Bytes:])
}

func decodeQ8_0(dst []float32, src []byte) {
	for ; len(dst) >= q8Elems; dst, src = dst[q8Elems:], src[q8Bytes:] {
		x, in := (*[q8Elems]float32)(dst), (*[q8Bytes]byte)(src)
		d := F16ToF32(binary.LittleEndian.Uint16(in[:]))
		for i := 0; i < q8Elems; i += 4 {
			x[i] = float32(int8(in[2+i])) * d
			x[i+1] = float32(int8(in[3+i])) * d
			x[i+2] = float32(int8(in[4+i])) * d
			x[i+3] = float32(int8(in[5+i])) * d
		}
	}
}

// EncodeQ8_0 writes Q8_0 blocks: d = max|x|/127, q = x·(1/d) rounded half away
// from zero. The stored scale is d rounded to a half; q uses the unrounded one.
//
// A block with a NaN has a NaN for its scale, and one with an infinity that,
// over zeros: so does gguf-py. The C reference loses a NaN that does not come
// last.
func EncodeQ8_0(dst []byte, src []float32) {
	n := encodeQ8_0Fast(dst, src)
	encodeQ8_0(dst[n/q8Elems*q8Bytes:], src[n:])
}

func encodeQ8_0(dst []byte, src []float32) {
	for len(src) >= q8Elems {
		x, out := (*[q8Elems]float32)(src), (*[q8Bytes]byte)(dst)
		dst, src = dst[q8Bytes:], src[q8Elems:]
		amax := maxMagnitude(x)
		if amax > infBits {
			amax = quietNaN
		}
		d := math.Float32frombits(amax) / 127
		binary.LittleEndian.PutUint16(out[:], F32ToF16(d))
		id := 1 / d
		if amax >= infBits || id > math.MaxFloat32 {
			// Not finite, or so small that 1/d is not; d is 0 as a half then.
			clear(out[2:])
			continue
		}
		for i := 0; i < q8Elems; i += 4 {
			out[2+i] = roundHalfAway(float32(x[i] * id))
			out[3+i] = roundHalfAway(float32(x[i+1] * id))
			out[4+i] = roundHalfAway(float32(x[i+2] * id))
			out[5+i] = roundHalfAway(float32(x[i+3] * id))
		}
	}
}

// maxMagnitude returns the bits of the largest |x|. They are ordered as the
// values are, with NaN above all.
func maxMagnitude(x *[q8Elems]float32) uint32 {
	var a, b, c, d uint32
	for i := 0; i < q8Elems; i += 4 { // the sign is shifted out
		a = max(a, math.Float32bits(x[i])<<1)
		b = max(b, math.Float32bits(x[i+1])<<1)
		c = max(c, math.Float32bits(x[i+2])<<1)
		d = max(d, math.Float32bits(x[i+3])<<1)
	}
	return max(max(a, b), max(c, d)) >> 1
}

// roundHalfAway is C's roundf as a signed byte, for |x| < 127.5.
//
// A float64 has room for the product with 1 + 2^-40: it carries a half over to
// the side away from zero, and nothing else, because no other float32 is so
// near to one. Addition of 1.5·2^52 then rounds to the nearest integer, which
// is in the low bits of the sum, as its two's complement.
func roundHalfAway(x float32) byte {
	return byte(math.Float64bits(float64(float64(x)*(1+0x1p-40)) + 0x1.8p52))
}
