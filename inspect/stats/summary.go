package stats

import "math"

// summary returns the statistics of a tensor whose pieces are all merged.
func (s *tensor) summary() *Stats {
	st := &Stats{
		Elements: s.elements,
		Zeros:    s.seen.zeros, NegativeZeros: s.seen.negZeros, Denormals: s.seen.denormals,
		NaN: s.seen.nan, Inf: s.seen.posInf + s.seen.negInf,
		LossyF32: s.seen.lossyF32, LossyBF16: s.seen.lossyBF16, LossyF16: s.seen.lossyF16, OverflowF16: s.seen.big,
		Exponents: exponentsOf(s.bins, s.kind.Normal),
	}
	if s.firstBad >= 0 {
		st.FirstNonFinite = indexOf(s.firstBad, s.t.Shape)
	}
	if s.dead != nil {
		st.Dead = s.dead.count()
	}
	switch {
	case s.kind.class == narrow:
		s.moments = momentsOfBins(s.bins)
	case s.pieces <= 1: // one value to a bin
	case s.kind.class == single:
		st.QuantileError = 0x1p-7 // bins have seven bits of the fraction
	default:
		st.QuantileError = 0x1p-4
	}
	s.extremes(st)
	s.average(st)
	o := s.order()
	st.Quantiles = o.quantiles()
	st.Histogram = o.histogram()
	return st
}

func (s *tensor) extremes(st *Stats) {
	lo, hi := s.seen.min, s.seen.max // infinite the wrong way round if nothing is finite
	if s.seen.posInf > 0 {
		hi = math.Inf(1)
		lo = min(lo, hi)
	}
	if s.seen.negInf > 0 {
		lo = math.Inf(-1)
		hi = max(hi, lo)
	}
	if s.elements == s.seen.nan {
		lo, hi = math.NaN(), math.NaN()
	}
	// Adding zero takes the sign of one.
	st.Min, st.Max, st.AbsMax = lo+0, hi+0, math.Abs(max(-lo, hi))
}

// average sets what sums tell. An infinity makes the mean infinite, or, if there
// are both, undefined.
func (s *tensor) average(st *Stats) {
	m := s.moments
	switch {
	case s.seen.posInf > 0 && s.seen.negInf > 0:
		st.Mean, st.Std, st.RMS = math.NaN(), math.NaN(), math.Inf(1)
	case st.Inf > 0:
		st.Mean, st.Std, st.RMS = math.Inf(1), math.NaN(), math.Inf(1)
		if s.seen.negInf > 0 {
			st.Mean = math.Inf(-1)
		}
	case m.n == 0:
		st.Mean, st.Std, st.RMS = math.NaN(), math.NaN(), math.NaN()
	default:
		st.Mean = m.mean() + 0
		st.Std = math.Sqrt(m.squares / float64(m.n))
		st.RMS = math.Hypot(st.Mean, st.Std)
	}
}

// momentsOfBins sums bins of one value each. The value has few bits: its product
// with a count is exact.
func momentsOfBins(bs []bin) (m moments) {
	for _, b := range bs {
		m.n += b.n
		m.add(float64(float64(b.n) * b.lo))
	}
	var squares moments
	for _, b := range bs {
		d := b.lo - m.mean()
		squares.add(float64(float64(b.n) * float64(d*d)))
	}
	m.squares = squares.sum + squares.err
	return m
}

// exponentsOf counts by the exponents of values; of a bin all have one.
func exponentsOf(bs []bin, normal float64) (e Exponents) {
	const bias, all = 1100, 2200 // beyond the exponents of float64
	var counts [all]int64
	first, last := all, 0
	for _, b := range bs {
		x := min(math.Abs(b.lo), math.Abs(b.hi))
		if x == 0 || x < normal {
			continue
		}
		_, exp := math.Frexp(x) // of a fraction from ½ on
		i := exp - 1 + bias
		counts[i] += b.n
		first, last = min(first, i), max(last, i)
	}
	if first < all {
		e.First = first - bias
		e.Counts = append(e.Counts, counts[first:last+1]...)
	}
	return e
}

// indexOf returns the index of element i.
func indexOf(i int64, shape []int64) []int64 {
	at := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d] = i % shape[d]
		i /= shape[d]
	}
	return at
}
