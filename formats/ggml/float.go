package ggml

import (
	"encoding/binary"
	"math"
)

// The loops over plain types take four elements at a time: with the fixed
// lengths of array pointers there is one bounds check for all of them, and two
// or four small values share a load or a store.

// Bits of a float32. The magnitude of a NaN is above that of infinity.
const (
	absBits  = 0x7fffffff
	infBits  = 0x7f800000
	quietNaN = 0x7fc00000
)

// DecodeF32 reads little-endian float32 values.
func DecodeF32(dst []float32, src []byte) {
	n := decodeF32Fast(dst, src)
	decodeF32(dst[n:], src[4*n:])
}

func decodeF32(dst []float32, src []byte) {
	for ; len(dst) >= 4; dst, src = dst[4:], src[16:] {
		d, s := (*[4]float32)(dst), (*[16]byte)(src)
		d[0] = math.Float32frombits(binary.LittleEndian.Uint32(s[0:]))
		d[1] = math.Float32frombits(binary.LittleEndian.Uint32(s[4:]))
		d[2] = math.Float32frombits(binary.LittleEndian.Uint32(s[8:]))
		d[3] = math.Float32frombits(binary.LittleEndian.Uint32(s[12:]))
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

// EncodeF32 writes little-endian float32 values.
func EncodeF32(dst []byte, src []float32) {
	n := encodeF32Fast(dst, src)
	encodeF32(dst[4*n:], src[n:])
}

func encodeF32(dst []byte, src []float32) {
	for ; len(src) >= 4; dst, src = dst[16:], src[4:] {
		d, s := (*[16]byte)(dst), (*[4]float32)(src)
		binary.LittleEndian.PutUint32(d[0:], math.Float32bits(s[0]))
		binary.LittleEndian.PutUint32(d[4:], math.Float32bits(s[1]))
		binary.LittleEndian.PutUint32(d[8:], math.Float32bits(s[2]))
		binary.LittleEndian.PutUint32(d[12:], math.Float32bits(s[3]))
	}
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
