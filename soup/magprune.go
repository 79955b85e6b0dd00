package soup

import (
	"context"
	"sync"
)

// magprune keeps elements with a probability that rises along each row, from
// density - epsilon for the smallest to density + epsilon for the largest: by as
// much from each to the next in order. It is the density for a row of one.
func magprune(_ context.Context, t *Tensor, random draw) (mask, error) {
	p, sparse, err := t.densities()
	if err != nil || !sparse {
		return nil, err
	}
	row, err := t.row()
	if err != nil {
		return nil, err
	}
	epsilon := make([]float64, len(p))
	for i, p := range p {
		if epsilon[i], err = t.share(i, "epsilon"); err != nil {
			return nil, err
		}
		if e := epsilon[i]; p > 0 && p < 1 && (p-e <= 0 || p+e >= 1) {
			return nil, t.paramf("found density %g with epsilon %g of model %d, expected density - epsilon and density + epsilon between 0 and 1", p, e, i+1)
		}
	}
	return func(d []float64, model int, at int64) {
		p, e := p[model], epsilon[model]
		switch p {
		case 0:
			clear(d)
			return
		case 1:
			return
		}
		s := sorters.Get().(*sorter)
		defer sorters.Put(s)
		for lo := 0; lo < len(d); lo += int(row) {
			r := d[lo:min(lo+int(row), len(d))]
			s.numbers = grow(s.numbers, len(r))
			random(s.numbers, model, at+int64(lo))
			for rank, j := range s.order(r) { // from the largest
				q := p
				if len(r) > 1 {
					up := float64(len(r)-1-rank) / float64(len(r)-1)
					q = (p - e) + float64(2*e*up)
				}
				if s.numbers[j] >= q {
					r[j] = 0
				}
			}
		}
	}, nil
}

// sorter orders rows; what it needs for one it uses for the next.
type sorter struct {
	numbers        []float64 // drawn for a row
	keys, keys2    []uint64
	order1, order2 []int32
}

var sorters = sync.Pool{New: func() any { return new(sorter) }}

// order returns the indices of the elements of r, larger magnitudes before
// smaller and of equal ones the lower before the higher: radix sort by the
// complement of the keys, in which digits that all elements share, like the last
// of what was widened from few bits, cost nothing.
func (s *sorter) order(r []float64) []int32 {
	s.keys, s.keys2 = grow(s.keys, len(r)), grow(s.keys2, len(r))
	s.order1, s.order2 = grow(s.order1, len(r)), grow(s.order2, len(r))
	from, to, order, next := s.keys, s.keys2, s.order1, s.order2
	var counts [8][256]int32
	for i, v := range r {
		k := ^key(v)
		from[i], order[i] = k, int32(i)
		for d := range counts {
			counts[d][byte(k>>(8*d))]++
		}
	}
	for d := range counts {
		c := &counts[d]
		if len(r) == 0 || c[byte(from[0]>>(8*d))] == int32(len(r)) {
			continue
		}
		var sum int32
		for b := range c {
			sum, c[b] = sum+c[b], sum
		}
		for i, k := range from {
			at := &c[byte(k>>(8*d))]
			to[*at], next[*at] = k, order[i]
			*at++
		}
		from, to, order, next = to, from, next, order
	}
	return order
}
