package soup

import (
	"math"
	"sync"
)

// taskSum is what a range is computed with.
type taskSum struct {
	weights, factors     []float64
	lambda               float64
	consensus, normalize bool
	mask                 mask
	step                 int // elements at a time
}

// taskScratch is memory of a call.
type taskScratch struct {
	terms       [][]float64
	sum, weight []float64
}

var taskScratches = sync.Pool{New: func() any { return new(taskScratch) }}

func (s *taskSum) compute(dst []float64, x [][]float64, base []float64, at int64) {
	m := taskScratches.Get().(*taskScratch)
	defer taskScratches.Put(m)
	for len(m.terms) < len(x) {
		m.terms = append(m.terms, nil)
	}
	terms := m.terms[:len(x)]
	for lo := 0; lo < len(dst); lo += s.step {
		hi := min(lo+s.step, len(dst))
		for i, x := range x {
			terms[i] = grow(terms[i], hi-lo)
			s.term(terms[i], i, x[lo:hi], base[lo:hi], at+int64(lo))
		}
		m.sum, m.weight = grow(m.sum, hi-lo), grow(m.weight, hi-lo)
		s.add(dst[lo:hi], terms, m.sum, m.weight)
		addTo(dst[lo:hi], base[lo:hi])
	}
}

// term sets d to what is kept of a model's differences, times its weight.
func (s *taskSum) term(d []float64, model int, x, base []float64, at int64) {
	subtract(d, x, base)
	if s.mask != nil {
		s.mask(d, model, at)
	}
	if s.factors != nil {
		scale(d, s.factors[model])
	}
	scale(d, s.weights[model])
}

// add sets dst to the sum of the terms, multiplied by lambda, and divided by the
// sum of their weights if that is asked for and the sum is not zero.
func (s *taskSum) add(dst []float64, terms [][]float64, sum, weight []float64) {
	clear(sum)
	for _, v := range terms {
		add(sum, v)
	}
	if s.lambda == 0 {
		clear(dst)
		return
	}
	if !s.consensus {
		copy(dst, sum)
		if q := s.divisor(); s.normalize && q != 1 {
			for j := range dst {
				dst[j] /= q
			}
		}
		scale(dst, s.lambda)
		return
	}
	clear(dst)
	clear(weight)
	for i, v := range terms {
		addAgreeing(dst, weight, v, sum, s.weights[i])
	}
	if s.normalize {
		divideEach(dst, weight)
	}
	scale(dst, s.lambda)
}

// addAgreeing adds to dst the terms v that have the sign of sum, and to weight
// their weight w. A sum of zero is positive, never -0; a term of zero has no sign.
// It does not branch on signs, which nobody can foresee.
func addAgreeing(dst, weight, v, sum []float64, w float64) {
	dst, weight, sum = dst[:len(v)], weight[:len(v)], sum[:len(v)]
	one := math.Float64bits(w)
	for j := addAgreeingFast(dst, weight, v, sum, w); j < len(v); j++ {
		b := math.Float64bits(v[j])
		differ := int64(b^math.Float64bits(sum[j])) >> 63
		some := int64(b<<1|-(b<<1)) >> 63
		keep := uint64(some &^ differ)
		dst[j] += math.Float64frombits(b & keep)
		weight[j] += math.Float64frombits(one & keep)
	}
}

// divisor is the sum of the weights, 1 if that is zero.
func (s *taskSum) divisor() float64 {
	var q float64
	for _, w := range s.weights {
		q += w
	}
	if math.Abs(q) < 1e-8 {
		return 1
	}
	return q
}
