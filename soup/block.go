package soup

import "math"

// blockElems is how many elements are combined at a time: few enough that their
// sums stay in the nearest cache, enough that calls do not count.
const blockElems = 1024

// spread is the range of magnitudes in a block, as bits of float32 without their
// sign: in the first half the largest, in the second the smallest that is not
// zero, negated so that it too is a maximum. Elements take turns with the lanes.
// The zero value has seen nothing.
type spread [2 * lanes]uint32

const lanes = 8

// accumulate adds w times x to sums. It is exact where [combination.fits] says
// so of what the spread has seen.
func accumulate(sums []float64, x []float32, w float64, seen *spread) {
	n := accumulateFast(sums, x, w, seen)
	accumulatePlain(sums[n:], x[n:], w, seen)
}

func accumulatePlain(sums []float64, x []float32, w float64, seen *spread) {
	largest, smallest := seen[0], seen[lanes]
	sums = sums[:len(x)]
	for i, v := range x {
		b := math.Float32bits(v) & 0x7fffffff
		largest, smallest = max(largest, b), max(smallest, -b)
		sums[i] += float64(w * float64(v))
	}
	seen[0], seen[lanes] = largest, smallest
}

// divide sets dst to sums/d, rounded to odd. No quotient may be below the normal
// numbers of float32, as [combination.fits] makes sure.
func divide(dst []float32, sums []float64, d float64) {
	n := divideFast(dst, sums, d)
	dividePlain(dst[n:], sums[n:], d)
}

func dividePlain(dst []float32, sums []float64, d float64) {
	const rest = 1<<29 - 1 // the bits of a float64 beyond those of a float32
	dst = dst[:len(sums)]
	for i, s := range sums {
		b := math.Float64bits(s / d)
		dst[i] = float32(math.Float64frombits(b&^rest | (b&rest+rest)&(rest+1)))
	}
}

// divideNearest sets dst to sums/d, rounded to nearest even.
func divideNearest(dst []float32, sums []float64, d float64) {
	n := divideNearestFast(dst, sums, d)
	divideNearestPlain(dst[n:], sums[n:], d)
}

func divideNearestPlain(dst []float32, sums []float64, d float64) {
	dst = dst[:len(sums)]
	for i, s := range sums {
		dst[i] = float32(s / d)
	}
}

// fits reports, if [combination.mayFit], whether sums of elements in the spread are exact in float64, and
// their quotients so near that rounding these leads to the correct result. The
// elements have significands of so many bits.
//
// All terms, and so their sums S, are multiples of u, the last place of the
// smallest element, and below 2^sumBits times the largest; so with at most 52
// bits from the one to the other nothing is rounded before the division. If S/d
// is not on a number M of 25 bits, where rounding to a narrower type turns, it is
// away from it by a multiple of u/d or of the last place of M, over d. Either is
// more than the half unit of float64's last place by which the quotient may be
// wrong: the former because S/u has no more than 52 bits, the latter if d has no
// more than 26. So the quotient is on the same side of M.
func (c *combination) fits(e extent, significand int) bool {
	last := e.low - (significand - 1)
	return e.high < infinite && (e.zero || e.high+1-last+c.sumBits <= maxSumBits && last-c.denBits > 0)
}

const maxDenBits, maxSumBits = 26, 52

// mayFit reports whether there can be blocks that fit.
func (c *combination) mayFit(significand int) bool {
	return c.nice && c.denBits <= maxDenBits && significand+c.sumBits <= maxSumBits
}

// infinite is the exponent field of a float32 that is not finite.
const infinite = 255

// extent is what a spread comes to: the exponent fields of its largest element
// and of the smallest that is not zero; zero says that there is none.
type extent struct {
	high, low int
	zero      bool
}

func (s *spread) extent() extent {
	var largest, smallest uint32
	for i := range lanes {
		largest, smallest = max(largest, s[i]), max(smallest, s[lanes+i])
	}
	return extent{int(largest >> 23), max(1, int(-smallest>>23)), largest == 0}
}
