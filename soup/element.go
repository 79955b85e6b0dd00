package soup

import "math"

// widest is the significand of float32 and the bit that says which way to round
// to it: of the types that are rounded to from float64, every value and every
// midpoint between two is a number of so many bits.
const (
	widest   = 25
	restBits = 53 - widest // of a float64, beyond these
)

// element returns the combination of x, which are finite, as a float64 that
// leads to the correct result when it is rounded to any narrower type: to the
// right side of, or exactly on, every number of 25 bits. With full it is itself
// the correct result, rounded to nearest even.
func (c *combination) element(x []float64, full bool) float64 {
	if !full {
		if y, ok := c.bounded(x); ok {
			return y
		}
	}
	if same(x) {
		if x[0] == 0 {
			return c.zero(x)
		}
		if c.unit {
			return x[0]
		}
	}
	if c.nice {
		if y, ok := c.sticky(x, full); ok {
			return y
		}
	}
	return c.exact(x, full)
}

func same(x []float64) bool {
	for _, v := range x[1:] {
		if v != x[0] {
			return false
		}
	}
	return true
}

// zero is the combination of zeros: negative if all terms are.
func (c *combination) zero(x []float64) float64 {
	s := math.Copysign(0, -1)
	for i, v := range x {
		s += float64(math.Copysign(1, c.nf[i]) * v)
	}
	return s
}

// bounded is plain arithmetic with a bound on its error. It fails if a number of
// 25 bits is within it.
func (c *combination) bounded(x []float64) (float64, bool) {
	y, size := math.Copysign(0, -1), 0.0
	for i, v := range x {
		p := float64(c.approx[i] * v)
		y += p
		size += math.Abs(p)
	}
	if c.tiny || !(size > 0x1p-900 && size < 0x1p900) {
		return 0, false
	}
	return y, away(y) > c.limit(size)
}

// limit bounds the error of Σ approx[i]·x[i], in units of 2^-53, where
// Σ |approx[i]·x[i]| is not more than size: a coefficient, a product and the sums
// are each wrong by half a unit in the last place at most, and so may size be.
func (c *combination) limit(size float64) float64 { return float64(len(c.approx)+8) * size }

// away is how far y is from the nearest number of 25 bits, in units of 2^-53, or
// less.
func away(y float64) float64 {
	rest := math.Float64bits(y) & (1<<restBits - 1)
	return float64(min(rest, 1<<restBits-rest)) * math.Abs(y)
}

// sticky computes the sum without an error and its quotient to 53 bits, the
// last of which is set if what follows is not zero. It fails where two float64
// do not hold the sum, and full, where one does not.
func (c *combination) sticky(x []float64, full bool) (float64, bool) {
	s, low, lost := math.Copysign(0, -1), 0.0, 0.0
	for i, v := range x {
		if a := math.Abs(v); a != 0 && (a < 0x1p-500 || a > 0x1p500) || c.nf[i] > 0x1p300 || c.nf[i] < -0x1p300 {
			return 0, false // where errors themselves might be rounded
		}
		p := float64(c.nf[i] * v)
		e := math.FMA(c.nf[i], v, -p)
		var t, u float64
		s, t = twoSum(s, p)
		low, u = twoSum(low, t)
		lost += math.Abs(u)
		low, u = twoSum(low, e)
		lost += math.Abs(u)
	}
	s, low = twoSum(s, low)
	if lost != 0 || full && low != 0 {
		return 0, false
	}
	q := s / c.df
	if full || s == 0 {
		return q, true
	}
	rest := math.FMA(-q, c.df, s) + low // its sign is right
	if nearer := q + rest/c.df; nearer != q {
		q = nearer
		rest = math.FMA(-q, c.df, s) + low
	}
	b := math.Float64bits(q)
	if rest != 0 && b&1 == 0 {
		if (rest > 0) == (q > 0) {
			b++
		} else {
			b--
		}
	}
	return math.Float64frombits(b), true
}

// twoSum returns a+b, rounded, and what was lost: s+e = a+b (Knuth).
func twoSum(a, b float64) (s, e float64) {
	s = a + b
	t := s - a
	return s, (a - (s - t)) + (b - t)
}
