package stats

import (
	"encoding/binary"
	"math"

	"olmotool/formats/ggml"
)

// patterns counts elements by their bits, or the upper 16 of them.
type patterns [1 << 16]uint32

// add16 counts elements of two bytes.
func (h *patterns) add16(b []byte) {
	for ; len(b) >= 16; b = b[16:] {
		x := binary.LittleEndian.Uint64(b)
		y := binary.LittleEndian.Uint64(b[8:])
		h[uint16(x)]++
		h[uint16(y)]++
		h[uint16(x>>16)]++
		h[uint16(y>>16)]++
		h[uint16(x>>32)]++
		h[uint16(y>>32)]++
		h[x>>48]++
		h[y>>48]++
	}
	for ; len(b) > 0; b = b[2:] {
		h[binary.LittleEndian.Uint16(b)]++
	}
}

// add8 counts elements of one byte.
func (h *patterns) add8(b []byte) {
	for _, p := range b {
		h[p]++
	}
}

// seen is what is known of the elements of a wide type besides their patterns.
// Those that are not finite have no pattern.
type seen struct {
	min, max                           float64 // of the finite
	nan, posInf, negInf                int64
	negZeros, zeros, denormals         int64
	lossyF32, lossyBF16, lossyF16, big int64
}

func newSeen() seen { return seen{min: math.Inf(1), max: math.Inf(-1)} }

// merge adds what o has seen, so many times over.
func (s *seen) merge(o *seen, times int64) {
	s.min, s.max = min(s.min, o.min), max(s.max, o.max)
	s.nan += times * o.nan
	s.posInf += times * o.posInf
	s.negInf += times * o.negInf
	s.zeros += times * o.zeros
	s.negZeros += times * o.negZeros
	s.denormals += times * o.denormals
	s.lossyF32 += times * o.lossyF32
	s.lossyBF16 += times * o.lossyBF16
	s.lossyF16 += times * o.lossyF16
	s.big += times * o.big
}

func (s *seen) notFinite() int64 { return s.nan + s.posInf + s.negInf }

// odd takes an element that is not finite, a zero or a denormal, and reports
// whether it is finite.
func (s *seen) odd(x, normal float64) bool {
	switch {
	case math.IsNaN(x):
		s.nan++
		return false
	case math.IsInf(x, 1):
		s.posInf++
		return false
	case math.IsInf(x, -1):
		s.negInf++
		return false
	case x == 0:
		s.zeros++
		if math.Signbit(x) {
			s.negZeros++
		}
	case math.Abs(x) < normal:
		s.denormals++
	}
	return true
}

// overflowF16 is the smallest magnitude that is rounded to an infinite half.
const overflowF16 = 65520

// half counts x if it is not the same as a half.
func (s *seen) half(x float32) {
	if ggml.F16ToF32(ggml.F32ToF16(x)) == x {
		return
	}
	s.lossyF16++
	if math.Abs(float64(x)) >= overflowF16 {
		s.big++
	}
}

// narrower counts in which types x is not the same.
func (s *seen) narrower(x float64) {
	y := float32(x)
	if float64(y) != x {
		s.lossyF32++
		s.lossyBF16++
		s.lossyF16++
		if math.Abs(x) >= overflowF16 {
			s.big++
		}
		return
	}
	if math.Float32bits(y)&0xffff != 0 {
		s.lossyBF16++
	}
	s.half(y)
}

// add32 takes float32 elements, appends the finite ones to vals and counts their
// upper halves in h.
func (s *seen) add32(h *patterns, b []byte, vals []float64) []float64 {
	n, low, high := 0, float32(math.Inf(1)), float32(math.Inf(-1))
	vals = vals[:len(b)/4]
	var lossyBF16, lossyF16 uint32 // fewer than blockElems
	for i := range vals {
		u := binary.LittleEndian.Uint32(b[4*i : 4*i+4])
		x := math.Float32frombits(u)
		// Exponents 0 and 255: one more is 1 or 0 in eight bits.
		if (u+1<<23)&(0xfe<<23) == 0 && !s.odd(float64(x), 0x1p-126) {
			continue
		}
		h[u>>16]++
		lossyBF16 += (u&0xffff + 0xffff) >> 16
		// Between 2^-14 and 2^15 a half has ten bits of fraction.
		if (u>>23&0xff)-113 < 29 {
			lossyF16 += (u&0x1fff + 0x1fff) >> 13
		} else {
			s.half(x)
		}
		if x < low {
			low = x
		}
		if x > high {
			high = x
		}
		vals[n] = float64(x)
		n++
	}
	s.lossyBF16 += int64(lossyBF16)
	s.lossyF16 += int64(lossyF16)
	s.min, s.max = min(s.min, float64(low)), max(s.max, float64(high))
	return vals[:n]
}

// add64 takes elements that are read as float64, as add32 does.
func (s *seen) add64(h *patterns, b []byte, k *kind, vals []float64) []float64 {
	n := 0
	for ; len(b) > 0; b = b[k.Width:] {
		x := k.read(b)
		if !s.odd(x, k.Normal) {
			continue
		}
		h[math.Float64bits(x)>>48]++
		s.narrower(x)
		s.min, s.max = min(s.min, x), max(s.max, x)
		vals = append(vals[:n], x)
		n++
	}
	return vals[:n]
}
