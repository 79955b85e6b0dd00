package search

import (
	"errors"
	"slices"
)

// leaveOneOut takes models away from the mean of all, each time the one whose
// removal helps most.
func (s *search) leaveOneOut() error {
	var kept []int
	for i := range s.n {
		kept = append(kept, i)
	}
	trial, score, err := s.evaluate(s.mean(kept))
	if err != nil {
		return err
	}
	s.keep(trial, score)
	s.result.Trials[trial].Why = "the mean of all"
	for len(kept) > 1 {
		without, spent, err := s.remove(kept)
		switch {
		case err != nil:
			return err
		case spent:
			return errSpent
		case without == nil:
			return nil
		}
		kept = without
	}
	return nil
}

// remove takes one model away; it returns nil if none should be. If evaluations
// run out on the way, it does with those that it had.
func (s *search) remove(kept []int) (without []int, spent bool, err error) {
	var top Score
	topTrial := -1
	for i := range kept {
		rest := slices.Delete(slices.Clone(kept), i, i+1)
		trial, score, err := s.evaluate(s.mean(rest))
		if errors.Is(err, errSpent) {
			spent = true
			break
		}
		if err != nil {
			return nil, false, err
		}
		if !s.compare(trial, &score) {
			continue
		}
		if topTrial >= 0 && !s.less(score.Value, top.Value) {
			s.result.Trials[trial].Why = outdone
			continue
		}
		if topTrial >= 0 {
			s.result.Trials[topTrial].Why = outdone
		}
		topTrial, top, without = trial, score, rest
	}
	if topTrial >= 0 {
		s.keep(topTrial, top)
	}
	return without, spent, nil
}

const outdone = "better, but another removal is better still"
