package search

import (
	"math/big"
	"slices"
)

// Weights of a pattern search are whole numbers of units; divided by their sum
// they are the coefficients, so that these are small fractions.
const (
	startWeight = 8   // of every model: steps of all, a half, a quarter, an eighth of it
	maxWeight   = 512 // a model that should count more than this is all but alone
)

// simplex begins with the mean and lets one model after the other count more, or
// else less, by a step, as long as that helps; when no such step does, it becomes
// half as long.
func (s *search) simplex() error {
	w := slices.Repeat([]int64{startWeight}, s.n)
	trial, score, err := s.evaluate(normalized(w))
	if err != nil {
		return err
	}
	s.keep(trial, score)
	s.result.Trials[trial].Why = "the mean of all"
	for step := int64(startWeight); step > 0; step /= 2 {
		for moved := true; moved; {
			moved = false
			for i := range w {
				before := w[i]
				for _, d := range []int64{step, -step} {
					if err := s.walk(w, i, d); err != nil {
						return err
					}
					if w[i] != before {
						moved = true
						break
					}
				}
			}
		}
	}
	return nil
}

// walk changes weight i by d, again and again as long as that helps.
func (s *search) walk(w []int64, i int, d int64) error {
	for {
		v := slices.Clone(w)
		v[i] = min(max(v[i]+d, 0), maxWeight)
		c := normalized(v)
		if c == nil || s.seen[Text(c)] {
			return nil
		}
		trial, score, err := s.evaluate(c)
		if err != nil {
			return err
		}
		if !s.compare(trial, &score) {
			return nil
		}
		s.keep(trial, score)
		copy(w, v)
	}
}

// normalized divides weights by their sum; nil if that is zero.
func normalized(w []int64) []*big.Rat {
	var sum int64
	for _, x := range w {
		sum += x
	}
	if sum == 0 {
		return nil
	}
	c := make([]*big.Rat, len(w))
	for i, x := range w {
		c[i] = big.NewRat(x, sum)
	}
	return c
}
