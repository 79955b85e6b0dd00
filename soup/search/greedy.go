package search

import (
	"errors"
	"math/big"
	"slices"
)

// greedy scores all models alone, and then adds them to the mean, the best first,
// if that helps.
func (s *search) greedy() error {
	var order []int
	top := -1
	for i := range s.n {
		trial, score, err := s.evaluate(s.mean([]int{i}))
		if errors.Is(err, errSpent) {
			break
		}
		if err != nil {
			return err
		}
		s.result.Trials[trial].Why = "alone"
		order = append(order, i)
		if top < 0 || s.less(score.Value, s.best.Value) {
			top, s.best = i, score
		}
	}
	s.keep(top, s.best)
	s.result.Trials[top].Why = "the best alone"
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := s.result.Trials[a].Score.Value, s.result.Trials[b].Score.Value; {
		case s.less(x, y):
			return -1
		case s.less(y, x):
			return 1
		}
		return 0
	})
	kept := order[:1:1]
	for _, i := range order[1:] {
		with := append(slices.Clone(kept), i)
		trial, score, err := s.evaluate(s.mean(with))
		if err != nil {
			return err
		}
		if s.compare(trial, &score) {
			s.keep(trial, score)
			kept = with
		}
	}
	if len(order) < s.n {
		return errSpent
	}
	return nil
}

// less reports whether a score is better than another, however little.
func (s *search) less(a, b float64) bool {
	if s.Maximize {
		return a > b
	}
	return a < b
}

// mean returns the coefficients of the mean of some models.
func (s *search) mean(of []int) []*big.Rat {
	c := make([]*big.Rat, s.n)
	for i := range c {
		c[i] = new(big.Rat)
	}
	for _, i := range of {
		c[i].SetFrac64(1, int64(len(of)))
	}
	return c
}
