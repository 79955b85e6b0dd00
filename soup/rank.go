package soup

import (
	"errors"
	"math"
)

// Magnitudes of a tensor have an order: the larger is before the smaller, and of
// equal ones that of the lower index. A cut is a place in it. It is found
// exactly, by passes that count, in memory that does not depend on the tensor.

// A cut has some number of elements before it: those with a larger key, and those
// with its key up to index last.
type cut struct {
	key  uint64
	last int64
}

// key makes integers of magnitudes, in the same order.
func key(v float64) uint64 { return math.Float64bits(v) &^ (1 << 63) }

// before says whether element i, with magnitude v, is before the cut.
func (c cut) before(v float64, i int64) bool {
	k := key(v)
	return k > c.key || k == c.key && i <= c.last
}

// mask sets to zero what is not before the cut; at is the index of the first
// element. It does not branch on what nobody can foresee.
func (c cut) mask(d []float64, at int64) {
	for j, v := range d {
		k := key(v)
		var keep uint64
		if k > c.key {
			keep = ^keep
		}
		if k == c.key && at+int64(j) <= c.last { // seldom
			keep = ^uint64(0)
		}
		d[j] = math.Float64frombits(math.Float64bits(v) & keep)
	}
}

// series reads sequences of numbers, of which the magnitudes count, in blocks:
// all of them each time it is called. look is called as [Tensor.scan] calls work.
type (
	series func(look visit) error
	visit  func(sequence int, v []float64, at int64) func() error
)

// search finds one cut.
type search struct {
	sequence int
	rank     int64 // of the last element before the cut, from 1, among those that begin with prefix
	prefix   uint64
	equal    int64 // elements with the key, once it is found
	cut      cut
	found    bool
}

// cuts returns the cuts that have as many elements before them as counts says,
// for each of its sequences of length elements; a count beyond length is that of
// all. counts is told how many elements are zero.
//
// That takes one pass for the first 16 bits of the keys and one for the next, a
// third where more than one key is left, in large tensors of float32, seldom a
// fourth; and one that ends early if a cut divides equal elements, of which
// tensors of few bits are full.
func cuts(sequences int, length int64, read series, counts func(sequence int, zeros int64) []int64) ([][]cut, error) {
	all, err := searchKeys(sequences, length, read, counts)
	if err != nil {
		return nil, err
	}
	if err := searchLast(all, read); err != nil {
		return nil, err
	}
	out := make([][]cut, sequences)
	for _, s := range all {
		out[s.sequence] = append(out[s.sequence], s.cut)
	}
	return out, nil
}

// digits of a key: below are the bits that follow them.
var digits = []struct{ below, bits uint }{{47, 16}, {31, 16}, {15, 16}, {0, 15}}

// searchKeys finds the keys of cuts, in order of their sequences.
func searchKeys(sequences int, length int64, read series, counts func(sequence int, zeros int64) []int64) ([]*search, error) {
	var all []*search
	for digit, d := range digits {
		var hs []*histogram
		if digit == 0 {
			for s := range sequences {
				hs = append(hs, newHistogram(s, 0, d.below, d.bits))
			}
		}
		for _, s := range all {
			if !s.found && s.histogram(hs) == nil {
				hs = append(hs, newHistogram(s.sequence, s.prefix, d.below, d.bits))
			}
		}
		if len(hs) == 0 {
			break
		}
		err := read(func(sequence int, v []float64, _ int64) func() error {
			for _, h := range hs {
				if h.sequence == sequence {
					h.count(v)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if digit == 0 {
			for s := range sequences {
				for _, n := range counts(s, hs[s].zeros) {
					all = append(all, newSearch(s, n, length))
				}
			}
		}
		for _, s := range all {
			if !s.found {
				s.narrow(s.histogram(hs))
			}
		}
	}
	return all, nil
}

func newSearch(sequence int, n, length int64) *search {
	switch {
	case n <= 0:
		return &search{sequence: sequence, found: true, cut: cut{math.MaxUint64, -1}}
	case n > length:
		return &search{sequence: sequence, found: true, cut: cut{0, math.MaxInt64}}
	}
	return &search{sequence: sequence, rank: n, cut: cut{last: math.MaxInt64}}
}

// histogram returns the one of hs that counts what s is looking for.
func (s *search) histogram(hs []*histogram) *histogram {
	for _, h := range hs {
		if h.sequence == s.sequence && h.prefix == s.prefix {
			return h
		}
	}
	return nil
}

// narrow finds the next digit of the key, and the rest if there is but one.
func (s *search) narrow(h *histogram) {
	d := len(h.cells) - 1
	for ; s.rank > h.cells[d].n; d-- {
		s.rank -= h.cells[d].n
	}
	s.prefix = s.prefix<<h.bits | uint64(d)
	if c := h.cells[d]; c.key != several {
		s.found, s.cut.key, s.equal = true, c.key, c.n
	}
}

var errFound = errors.New("all found")

// searchLast finds, where a cut divides equal elements, the last before it.
func searchLast(all []*search, read series) error {
	left := 0
	for _, s := range all {
		if s.rank < s.equal {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	err := read(func(sequence int, v []float64, at int64) func() error {
		return func() error {
			for _, s := range all {
				if s.sequence == sequence && s.rank < s.equal && s.rank > 0 && s.last(v, at) {
					left--
				}
			}
			if left == 0 {
				return errFound
			}
			return nil
		}
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return err
}

// last looks for the last element before the cut.
func (s *search) last(v []float64, at int64) bool {
	for i, x := range v {
		if key(x) != s.cut.key {
			continue
		}
		if s.rank--; s.rank == 0 {
			s.cut.last = at + int64(i)
			return true
		}
	}
	return false
}
