package stats

import "math"

// order answers which element comes at a place in the order of values.
type order struct {
	bins           []bin
	negInf, posInf int64
	finite         int64
	min, max       float64 // of the finite
	// exact has the elements at ranks, counted from the first that is not NaN,
	// where a second pass has found them.
	exact map[int64]float64
}

func (s *tensor) order() *order {
	o := &order{bins: s.bins, negInf: s.seen.negInf, posInf: s.seen.posInf, min: s.seen.min, max: s.seen.max}
	o.finite = s.elements - s.seen.notFinite()
	return o
}

func (o *order) count() int64 { return o.negInf + o.finite + o.posInf }

// at returns the element of that rank; of a bin of several values, where it is if
// they lie at equal distances.
func (o *order) at(rank int64) float64 {
	if x, ok := o.exact[rank]; ok {
		return x
	}
	switch {
	case rank < o.negInf:
		return math.Inf(-1)
	case rank >= o.negInf+o.finite:
		return math.Inf(1)
	}
	b, rank := o.bin(rank)
	if b.lo == b.hi {
		return b.lo
	}
	x := b.lo + float64((b.hi-b.lo)*((float64(rank)+0.5)/float64(b.n)))
	return min(max(x, o.min), o.max)
}

// bin returns the bin of a finite element and its rank in there.
func (o *order) bin(rank int64) (bin, int64) {
	rank -= o.negInf
	for _, b := range o.bins {
		if rank < b.n {
			return b, rank
		}
		rank -= b.n
	}
	return bin{lo: o.max, hi: o.max, n: 1}, 0
}

// ranks returns the neighbours of a level among n elements from first on, and how
// far it is from one to the other.
func ranks(level float64, first, n int64) (lo, hi int64, part float64) {
	at := float64(n-1) * level
	lo = int64(math.Floor(at))
	return first + lo, first + min(lo+1, n-1), at - math.Floor(at)
}

// quantiles are those of all elements.
func (o *order) quantiles() []float64 {
	qs := make([]float64, len(Levels))
	for i, level := range Levels {
		qs[i] = o.quantile(level, 0, o.count())
	}
	return qs
}

// quantile interpolates as numpy does, to the bit.
func (o *order) quantile(level float64, first, n int64) float64 {
	if n == 0 {
		return math.NaN()
	}
	lo, hi, part := ranks(level, first, n)
	a, b := o.at(lo), o.at(hi)
	if a == b {
		return a + 0
	}
	d := b - a
	if part >= 0.5 {
		return b - float64(d*(1-part)) + 0
	}
	return a + float64(d*part) + 0
}
