package search

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"olmotool/verify/text"
)

// Options of a search.
type Options struct {
	// MinDelta is by how much a soup must be better than the best one so far to take
	// its place, at least.
	MinDelta float64
	// MaxEvals bounds how many soups are scored; 0: as many as it takes.
	MaxEvals int
	// Maximize says that larger scores are better.
	Maximize bool
}

// Strategy is a way to search.
type Strategy struct {
	Name string
	most func(n int) int // evaluations of n models; 0: there is no bound
	run  func(*search) error
}

// The strategies.
var (
	Greedy      = Strategy{"greedy", func(n int) int { return 2*n - 1 }, (*search).greedy}
	LeaveOneOut = Strategy{"leave-one-out", func(n int) int { return n * (n + 1) / 2 }, (*search).leaveOneOut}
	Simplex     = Strategy{"simplex", func(int) int { return 0 }, (*search).simplex}
)

// Most returns how many soups of n models are scored at most; 0 if that is not
// bounded.
func (s Strategy) Most(n int, o Options) int {
	most := s.most(n)
	if o.MaxEvals > 0 && (most == 0 || o.MaxEvals < most) {
		return o.MaxEvals
	}
	return most
}

// Result is a search that came to its end.
type Result struct {
	Strategy string
	Trials   []Trial // all that was scored, in order
	Chosen   int     // which of them is the best
	// Spent says that there was more to try, and no evaluations left.
	Spent bool
}

// Trial is a soup that was scored.
type Trial struct {
	Coefficients []*big.Rat
	Score        Score // without its parts
	// Better is by how much the soup was better than the best one so far, and the
	// standard error of that, 0 if it is not known; nil if it was not compared.
	Better *text.Stat
	Kept   bool // it was the best from then on
	Why    string
}

// Run searches for the best soup of n models. Errors are those of the scorer.
func (s Strategy) Run(ctx context.Context, n int, scorer Scorer, o Options) (*Result, error) {
	if n < 1 {
		return nil, fmt.Errorf("found %d models, expected at least one", n)
	}
	r := &search{ctx: ctx, n: n, scorer: scorer, Options: o, parts: -1, seen: map[string]bool{}}
	err := s.run(r)
	r.result.Strategy = s.Name
	r.result.Spent = errors.Is(err, errSpent)
	if err != nil && !r.result.Spent {
		return nil, err
	}
	return &r.result, nil
}

// errSpent says that there are no evaluations left.
var errSpent = errors.New("no evaluations left")

// search is one search.
type search struct {
	Options
	ctx    context.Context
	n      int
	scorer Scorer
	parts  int // of every score; −1 before the first
	seen   map[string]bool
	result Result
	best   Score // of the trial that is chosen
}

// evaluate scores a soup, and returns the number of its trial.
func (s *search) evaluate(c []*big.Rat) (int, Score, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, Score{}, err
	}
	trials := &s.result.Trials
	if s.MaxEvals > 0 && len(*trials) >= s.MaxEvals {
		return 0, Score{}, errSpent
	}
	score, err := s.scorer.Score(s.ctx, c)
	if err == nil {
		err = score.check(s.parts)
	}
	if err != nil {
		return 0, Score{}, fmt.Errorf("soup of %s: %w", Text(c), err)
	}
	s.parts = len(score.Parts)
	s.seen[Text(c)] = true
	*trials = append(*trials, Trial{Coefficients: c, Score: Score{Value: score.Value, Error: score.Error}})
	return len(*trials) - 1, score, nil
}

// compare compares the score of a trial with the best, and reports whether it
// should take its place.
func (s *search) compare(trial int, score *Score) bool {
	t := &s.result.Trials[trial]
	d := s.better(score, &s.best)
	t.Better = &d
	switch {
	case d.Value <= 0:
		t.Why = "no better"
	case d.Value <= s.MinDelta:
		t.Why = "better, but by too little"
	case d.Value <= d.Error:
		t.Why = "better, but by no more than the noise"
	default:
		t.Why = "better"
		return true
	}
	return false
}

// keep makes a trial the best.
func (s *search) keep(trial int, score Score) {
	s.result.Trials[trial].Kept = true
	s.result.Chosen, s.best = trial, score
}

// Text is how coefficients are written in a line: "1/2 1/2 0".
func Text(c []*big.Rat) string {
	s := ""
	for i, x := range c {
		if i > 0 {
			s += " "
		}
		s += x.RatString()
	}
	return s
}
