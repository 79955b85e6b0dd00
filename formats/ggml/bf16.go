package ggml

import (
	"encoding/binary"
	"math"
)

// DecodeBF16 reads bfloat16 values: the upper half of a float32.
func DecodeBF16(dst []float32, src []byte) {
	n := decodeBF16Fast(dst, src)
	decodeBF16(dst[n:], src[2*n:])
}

func decodeBF16(dst []float32, src []byte) {
	for ; len(dst) >= 4; dst, src = dst[4:], src[8:] {
		d, s := (*[4]float32)(dst), binary.LittleEndian.Uint64(src)
		d[0] = math.Float32frombits(uint32(s) << 16)
		d[1] = math.Float32frombits(uint32(s) & 0xffff0000)
		d[2] = math.Float32frombits(uint32(s>>32) << 16)
		d[3] = math.Float32frombits(uint32(s>>32) & 0xffff0000)
	}
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

// EncodeBF16 writes bfloat16 values rounded to nearest even; a NaN keeps its
// upper bits and becomes quiet.
func EncodeBF16(dst []byte, src []float32) {
	n := encodeBF16Fast(dst, src)
	encodeBF16(dst[2*n:], src[n:])
}

func encodeBF16(dst []byte, src []float32) {
	for len(src) >= 4 && len(dst) >= 8 {
		s, out := (*[4]float32)(src), (*[8]byte)(dst)
		dst, src = dst[8:], src[4:]
		a, b, c, d := math.Float32bits(s[0]), math.Float32bits(s[1]), math.Float32bits(s[2]), math.Float32bits(s[3])
		if max(max(a&absBits, b&absBits), max(c&absBits, d&absBits)) <= infBits {
			a, b, c, d = roundBF16(a), roundBF16(b), roundBF16(c), roundBF16(d)
		} else {
			a, b, c, d = bf16(a), bf16(b), bf16(c), bf16(d)
		}
		binary.LittleEndian.PutUint64(out[:], uint64(a>>16|b&0xffff0000)|uint64(c>>16|d&0xffff0000)<<32)
	}
	for i, x := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], uint16(bf16(math.Float32bits(x))>>16))
	}
}

// bf16 returns, in the upper half, the bfloat16 nearest to the float32 b.
func bf16(b uint32) uint32 {
	if b&absBits > infBits {
		return b | 0x400000
	}
	return roundBF16(b)
}

// roundBF16 is bf16 for what is no NaN. A carry may run into infinity, as it
// should.
func roundBF16(b uint32) uint32 { return b + 0x7fff + b>>16&1 }
