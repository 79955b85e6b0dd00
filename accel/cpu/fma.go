package cpu

import "math"

// fma32 returns x·y + z rounded once to float32, as the instruction does.
//
// The product of two float32 is exact in float64, but the sum is not, and
// rounding it a second time goes wrong where it seems to lie in the middle of
// two float32 and does not. So the sum is rounded to odd instead: when bits are
// lost, its last bit becomes 1, and the second rounding sees on which side of
// the middle it is.
func fma32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	b := math.Float64bits(s)
	// Beyond the last bits of a float32, s has 29. Unless they are those of a
	// middle, rounding twice is right; subnormal results have more of them.
	if b&(1<<29-1) != 1<<28 && (b>>52&0x7ff > 1023-126 || s == 0) {
		return float32(s)
	}
	// What the sum has lost (Knuth's two-sum); NaN after an infinity.
	t := s - p
	lost := (p - (s - t)) + (c - t)
	switch {
	case b&1 != 0:
	case lost > 0 && s > 0, lost < 0 && s < 0:
		b++
	case lost > 0 && s < 0, lost < 0 && s > 0:
		b--
	}
	return float32(math.Float64frombits(b))
}
