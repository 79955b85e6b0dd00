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
	for ; len(dst) >= q8Elems; dst, src = dst[q8Elems:], src[q8Bytes:] {
		d := F16ToF32(binary.LittleEndian.Uint16(src))
		for i, q := range src[2:q8Bytes] {
			dst[i] = float32(int8(q)) * d
		}
	}
}

// EncodeQ8_0 writes Q8_0 blocks: d = max|x|/127, q = x·(1/d) rounded half away
// from zero. The stored scale is d rounded to a half; q uses the unrounded one.
func EncodeQ8_0(dst []byte, src []float32) {
	for ; len(src) >= q8Elems; dst, src = dst[q8Bytes:], src[q8Elems:] {
		x, out := (*[q8Elems]float32)(src), (*[q8Bytes]byte)(dst)
		var amax float32
		for _, v := range x {
			if a := math.Float32frombits(math.Float32bits(v) & 0x7fffffff); a > amax {
				amax = a
			}
		}
		d := amax / 127
		var id float32
		if d != 0 {
			id = 1 / d
		}
		binary.LittleEndian.PutUint16(out[:], F32ToF16(d))
		for i, v := range x {
			out[2+i] = byte(int8(roundHalfAway(float32(v * id))))
		}
	}
}

// roundHalfAway is C's roundf for |x| < 2^22.
func roundHalfAway(x float32) int32 {
	// The half is added to the magnitude in float64, where the sum is exact.
	if x < 0 {
		return -int32(float64(-x) + 0.5)
	}
	return int32(float64(x) + 0.5)
}
