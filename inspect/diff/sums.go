package diff

import (
	"math"

	"olmotool/internal/closeness"
)

// sums are of the elements that are finite on both sides, a and b.
type sums struct {
	n                           int64
	aa, bb, ab, dd, abs, maxAbs float64
	nan, inf                    [2]int64
}

// add adds values that follow each other. Each product is rounded before it is
// added, so that every processor gives the same sums.
func (s *sums) add(x, y []float64) {
	y = y[:len(x)]
	var aa, bb, ab, dd, abs, most float64
	n := int64(len(x))
	for i, a := range x {
		b := y[i]
		d := b - a
		if a-a != 0 || b-b != 0 {
			s.odd(0, a)
			s.odd(1, b)
			n--
			continue
		}
		aa += float64(a * a)
		bb += float64(b * b)
		ab += float64(a * b)
		dd += float64(d * d)
		d = math.Abs(d)
		abs += d
		if d > most {
			most = d
		}
	}
	s.merge(&sums{n: n, aa: aa, bb: bb, ab: ab, dd: dd, abs: abs, maxAbs: most})
}

// odd counts a value of a side that is no number.
func (s *sums) odd(side int, v float64) {
	switch {
	case v != v:
		s.nan[side]++
	case v-v != 0:
		s.inf[side]++
	}
}

// merge adds what follows.
func (s *sums) merge(o *sums) {
	s.n += o.n
	s.aa, s.bb, s.ab, s.dd, s.abs = s.aa+o.aa, s.bb+o.bb, s.ab+o.ab, s.dd+o.dd, s.abs+o.abs
	s.maxAbs = max(s.maxAbs, o.maxAbs)
	for i := range s.nan {
		s.nan[i] += o.nan[i]
		s.inf[i] += o.inf[i]
	}
}

func (s *sums) meanAbs() float64 {
	if s.n == 0 {
		return 0
	}
	return closeness.Finite(s.abs / float64(s.n))
}

func (s *sums) relL2() float64 { return closeness.Relative(s.dd, s.aa) }

func (s *sums) cosine() float64 { return closeness.Cosine(s.aa, s.bb, s.ab) }

// stats is what lies between two tensors, or a range of them.
type stats struct {
	sums
	changed int64
	first   int64 // the first element that changed, plus 1; 0: none
	ulp     [65]int64
}

// change notes that an element changed. Elements come in order.
func (s *stats) change(i int64) {
	s.changed++
	if s.first == 0 {
		s.first = i + 1
	}
}

// merge adds what was found in the range that follows.
func (s *stats) merge(o *stats) {
	s.sums.merge(&o.sums)
	s.changed += o.changed
	if s.first == 0 {
		s.first = o.first
	}
	for i := range s.ulp {
		s.ulp[i] += o.ulp[i]
	}
}
