package soup

import (
	"math"
	"slices"
)

// search finds the key of one cut.
type search struct {
	sequence int
	// rank is that of the last element before the cut, from 1: among all, or if
	// sure among those with keys up to high.
	rank      int64
	low, high uint64 // its key is one of these if sure, and else probably
	sure      bool
	equal     int64   // elements with its key, once that is found and low
	blocks    []int64 // how many of these are in each block, if they are counted
}

// divides reports whether elements with the key are on both sides of the cut.
func (x *search) divides() bool { return x.rank < x.equal }

func newSearch(sequence int, rank, length int64) *search {
	switch {
	case rank <= 0:
		return &search{sequence: sequence, low: maxKey + 1, equal: -1}
	case rank > length:
		return &search{sequence: sequence, equal: -1}
	}
	return &search{sequence: sequence, rank: rank, high: maxKey}
}

// searchKeys finds the keys of cuts, in order of their sequences.
func (s series) searchKeys(counts [][]int64) ([]*search, error) {
	var all, open []*search
	for i, c := range counts {
		for _, n := range c {
			all = append(all, newSearch(i, n, s.length))
		}
	}
	isOpen := func(x *search) bool { return x.equal == 0 }
	if !slices.ContainsFunc(all, isOpen) {
		return all, nil
	}
	keys, err := s.sample(len(counts))
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		slices.Sort(k)
	}
	for _, x := range all {
		if isOpen(x) {
			x.guess(keys[x.sequence], s.length)
		}
	}
	for {
		open = open[:0]
		for _, x := range all {
			if isOpen(x) {
				open = append(open, x)
			}
		}
		if len(open) == 0 {
			return all, nil
		}
		if err := s.pass(open); err != nil {
			return nil, err
		}
	}
}

// guess takes the keys that are around the rank of a sample, which is sorted: by
// four standard deviations, if it was drawn by lot.
func (x *search) guess(sample []uint64, length int64) {
	n := float64(len(sample))
	share := float64(x.rank) / float64(length)
	at, off := n*(1-share), 4*math.Sqrt(n*share*(1-share))+4
	if i := at - off; i >= 0 {
		x.low = sample[int(i)]
	}
	if i := at + off; i < n {
		x.high = sample[int(i)]
	}
}
