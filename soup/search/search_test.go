package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// table scores soups by a list of them.
type table map[string]float64

func (t table) Score(_ context.Context, c []*big.Rat) (Score, error) {
	v, ok := t[Text(c)]
	if !ok {
		return Score{}, errors.New("not in the table")
	}
	return Score{Value: v}, nil
}

// bowl is how far a soup is from the best one.
type bowl []float64

func (b bowl) Score(_ context.Context, c []*big.Rat) (s Score, err error) {
	for i, x := range c {
		f, _ := x.Float64()
		s.Value += (f - b[i]) * (f - b[i])
	}
	return s, nil
}

// parts gives scores parts around them, which go up and down by the same for all,
// and by so much more for each.
type parts struct {
	Scorer
	common, own float64
}

func (p parts) Score(ctx context.Context, c []*big.Rat) (Score, error) {
	s, err := p.Scorer.Score(ctx, c)
	sign := 1.0
	for i := range 16 {
		own := p.own * sign
		if i%4 > 1 {
			own = -own
		}
		if first, _ := c[0].Float64(); first > 0.5 {
			own = -own
		}
		s.Parts = append(s.Parts, s.Value+p.common*sign+own)
		sign = -sign
	}
	return Mean(s.Parts), err
}

// tell prints a search: what was kept is marked.
func tell(r *Result) string {
	var b strings.Builder
	for i, t := range r.Trials {
		mark := " "
		if t.Kept {
			mark = "+"
		}
		if i == r.Chosen {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %s: %v, %s\n", mark, Text(t.Coefficients), t.Score.Value, t.Why)
	}
	return b.String()
}

func TestStrategies(t *testing.T) {
	loss := table{
		"1 0 0": 5, "0 1 0": 3, "0 0 1": 4,
		"0 1/2 1/2": 2, "1/2 1/2 0": 3.5, "1/2 0 1/2": 4.5, "1/3 1/3 1/3": 2.5,
	}
	tied := table{"1 0": 1, "0 1": 1, "1/2 1/2": 1}
	for _, c := range []struct {
		name     string
		strategy Strategy
		n        int
		scores   table
		o        Options
		want     string
	}{
		{"greedy", Greedy, 3, loss, Options{}, `
  1 0 0: 5, alone
+ 0 1 0: 3, the best alone
  0 0 1: 4, alone
* 0 1/2 1/2: 2, better
  1/3 1/3 1/3: 2.5, no better
`},
		{"greedy, least difference", Greedy, 3, loss, Options{MinDelta: 1}, `
  1 0 0: 5, alone
* 0 1 0: 3, the best alone
  0 0 1: 4, alone
  0 1/2 1/2: 2, better, but by too little
  1/2 1/2 0: 3.5, no better
`},
		{"greedy, larger is better", Greedy, 3, loss, Options{Maximize: true}, `
* 1 0 0: 5, the best alone
  0 1 0: 3, alone
  0 0 1: 4, alone
  1/2 0 1/2: 4.5, no better
  1/2 1/2 0: 3.5, no better
`},
		{"greedy, few evaluations", Greedy, 3, loss, Options{MaxEvals: 4}, `
  1 0 0: 5, alone
+ 0 1 0: 3, the best alone
  0 0 1: 4, alone
* 0 1/2 1/2: 2, better
`},
		{"greedy, too few evaluations", Greedy, 3, loss, Options{MaxEvals: 2}, `
  1 0 0: 5, alone
* 0 1 0: 3, the best alone
`},
		{"greedy, ties", Greedy, 2, tied, Options{}, `
* 1 0: 1, the best alone
  0 1: 1, alone
  1/2 1/2: 1, no better
`},
		{"greedy, one model", Greedy, 1, table{"1": 7}, Options{}, `
* 1: 7, the best alone
`},
		{"leave-one-out", LeaveOneOut, 3, loss, Options{}, `
+ 1/3 1/3 1/3: 2.5, the mean of all
* 0 1/2 1/2: 2, better
  1/2 0 1/2: 4.5, no better
  1/2 1/2 0: 3.5, no better
  0 0 1: 4, no better
  0 1 0: 3, no better
`},
		{"leave-one-out, several help", LeaveOneOut, 3, loss, Options{Maximize: true}, `
+ 1/3 1/3 1/3: 2.5, the mean of all
  0 1/2 1/2: 2, no better
+ 1/2 0 1/2: 4.5, better
  1/2 1/2 0: 3.5, better, but another removal is better still
  0 0 1: 4, no better
* 1 0 0: 5, better
`},
		{"leave-one-out, few evaluations", LeaveOneOut, 3, loss, Options{Maximize: true, MaxEvals: 3}, `
+ 1/3 1/3 1/3: 2.5, the mean of all
  0 1/2 1/2: 2, no better
* 1/2 0 1/2: 4.5, better
`},
		{"leave-one-out, ties", LeaveOneOut, 2, table{"1 0": 1, "0 1": 1, "1/2 1/2": 2}, Options{}, `
+ 1/2 1/2: 2, the mean of all
* 0 1: 1, better
  1 0: 1, better, but another removal is better still
`},
		{"simplex", Simplex, 2, table{
			"1/2 1/2": 2, "2/3 1/3": 1.5, "3/4 1/4": 1.75, "1 0": 9, "5/7 2/7": 1.75,
		}, Options{MaxEvals: 5}, `
+ 1/2 1/2: 2, the mean of all
* 2/3 1/3: 1.5, better
  3/4 1/4: 1.75, no better
  1 0: 9, no better
  5/7 2/7: 1.75, no better
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.strategy.Run(t.Context(), c.n, c.scores, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := "\n" + tell(r); got != c.want {
				t.Errorf("found %s\nwant %s", got, c.want)
			}
			if most := c.strategy.Most(c.n, c.o); len(r.Trials) > most {
				t.Errorf("found %d evaluations, want at most %d", len(r.Trials), most)
			}
			if spent := c.o.MaxEvals > 0; r.Spent != spent || r.Strategy != c.strategy.Name {
				t.Errorf("spent %v, strategy %q", r.Spent, r.Strategy)
			}
		})
	}
}

// What is better by less than its noise is not kept; what all parts have in common
// is no noise.
func TestNoise(t *testing.T) {
	scores := table{"1 0": 3, "0 1": 3.5, "1/2 1/2": 2.9}
	for _, c := range []struct {
		common, own float64
		want        string
	}{
		{100, 0.01, "better"},
		{0, 1, "better, but by no more than the noise"},
	} {
		r, err := Greedy.Run(t.Context(), 2, parts{scores, c.common, c.own}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := r.Trials[2]
		if last.Why != c.want || last.Kept != (c.want == "better") || math.Abs(last.Better.Value-0.1) > 1e-12 {
			t.Errorf("common %v, own %v: found %+v, better by %+v", c.common, c.own, last, last.Better)
		}
		if want := 2 * c.own / math.Sqrt(15); math.Abs(last.Better.Error-want) > 1e-12 {
			t.Errorf("found noise %v, want %v", last.Better.Error, want)
		}
		if last.Score.Parts != nil {
			t.Error("parts of all scores are kept")
		}
	}
}

// A pattern search finds where a bowl is deepest, inside, on an edge and in a
// corner, in not too many steps, by small fractions.
func TestSimplexBowl(t *testing.T) {
	for _, best := range []bowl{{0.5, 0.3, 0.2}, {0, 0.75, 0.25}, {0, 0, 1}, {0.1, 0.2, 0.3, 0.4}, {1}} {
		r, err := Simplex.Run(t.Context(), len(best), best, Options{MaxEvals: 100})
		if err != nil {
			t.Fatal(err)
		}
		end := r.Trials[r.Chosen]
		if end.Score.Value > 1e-3 {
			t.Errorf("%v: ended in %s after %d evaluations, %v away", best, Text(end.Coefficients), len(r.Trials), end.Score.Value)
		}
	}
	r, err := Simplex.Run(t.Context(), 2, bowl{2, 0}, Options{})
	if err != nil || r.Spent {
		t.Fatalf("without a bound on evaluations: %v, %v", r, err)
	}
	if got := Text(r.Trials[r.Chosen].Coefficients); got != "1 0" {
		t.Errorf("found %s, want all of the first", got)
	}
}

// Whatever the scores: the chosen soup is the best of all that were kept, no worse
// than any model alone for a greedy search and than the mean for others; no soup is
// scored twice; coefficients sum to 1; a second run is the same.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		o := Options{Maximize: rapid.Bool().Draw(t, "maximize"), MaxEvals: rapid.IntRange(0, 40).Draw(t, "evals")}
		scorer := hashed{seed, rapid.IntRange(2, 1000).Draw(t, "levels")}
		for _, s := range []Strategy{Greedy, LeaveOneOut, Simplex} {
			if s.Name == "simplex" && o.MaxEvals == 0 {
				o.MaxEvals = 50
			}
			r, err := s.Run(context.Background(), n, scorer, o)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := s.Run(context.Background(), n, scorer, o)
			if tell(r) != tell(again) {
				t.Fatalf("%s: two runs differ:\n%s\n%s", s.Name, tell(r), tell(again))
			}
			if most := s.Most(n, o); len(r.Trials) > most {
				t.Fatalf("%s: found %d evaluations, want at most %d", s.Name, len(r.Trials), most)
			}
			seen := map[string]bool{}
			best := r.Trials[r.Chosen].Score.Value
			for i, x := range r.Trials {
				sum := new(big.Rat)
				for _, c := range x.Coefficients {
					sum.Add(sum, c)
				}
				if seen[Text(x.Coefficients)] || sum.RatString() != "1" {
					t.Fatalf("%s: %s twice, or its sum is not 1", s.Name, Text(x.Coefficients))
				}
				seen[Text(x.Coefficients)] = true
				floor := x.Kept || s.Name == "greedy" && i < n
				if floor && (o.Maximize && x.Score.Value > best || !o.Maximize && x.Score.Value < best) {
					t.Fatalf("%s: the chosen soup is worse than %s:\n%s", s.Name, Text(x.Coefficients), tell(r))
				}
			}
		}
	})
}

// hashed has made-up scores of some levels: with few of them there are ties.
type hashed struct {
	seed   uint64
	levels int
}

func (h hashed) Score(_ context.Context, c []*big.Rat) (Score, error) {
	x := h.seed
	for _, b := range Text(c) {
		x = (x ^ uint64(b)) * 0x9e3779b97f4a7c15
		x ^= x >> 29
	}
	return Score{Value: float64(x % uint64(h.levels))}, nil
}

// In another order of the models the same ones are chosen, if no two scores are
// equal.
func TestPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		identity := make([]int, n)
		for i := range identity {
			identity[i] = i
		}
		order := rapid.Permutation(identity).Draw(t, "order")
		for _, s := range []Strategy{Greedy, LeaveOneOut} {
			straight, err := s.Run(context.Background(), n, hashed{seed, math.MaxInt64}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			mixed, err := s.Run(context.Background(), n, permuted{hashed{seed, math.MaxInt64}, order}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			back := backwards(mixed.Trials[mixed.Chosen].Coefficients, order)
			if a, b := Text(straight.Trials[straight.Chosen].Coefficients), Text(back); a != b {
				t.Fatalf("%s: found %s in order, and %s in order %v", s.Name, a, b, order)
			}
		}
	})
}

// permuted is a scorer of models in another order: its model k is model order[k].
type permuted struct {
	Scorer
	order []int
}

func backwards(c []*big.Rat, order []int) []*big.Rat {
	back := make([]*big.Rat, len(c))
	for k, i := range order {
		back[i] = c[k]
	}
	return back
}

func (p permuted) Score(ctx context.Context, c []*big.Rat) (Score, error) {
	return p.Scorer.Score(ctx, backwards(c, p.order))
}

// fixed has one score, or an error, for all.
type fixed struct {
	score Score
	err   error
}

func (f fixed) Score(context.Context, []*big.Rat) (Score, error) { return f.score, f.err }

func TestBadScores(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		scorer Scorer
		want   string
	}{
		{fixed{err: broken}, "soup of 1 0: broken"},
		{fixed{score: Score{Value: math.NaN()}}, "soup of 1 0: found a score of NaN, expected a finite number"},
		{fixed{score: Score{Value: math.Inf(-1)}}, "soup of 1 0: found a score of -Inf, expected a finite number"},
		{fixed{score: Score{Error: -1}}, "soup of 1 0: found -1 as the error"},
		{fixed{score: Score{Error: math.NaN()}}, "soup of 1 0: found NaN as the error"},
		{uneven{}, "soup of 0 1: found a score of 2 parts, expected 1 as in the others"},
	} {
		_, err := Greedy.Run(t.Context(), 2, c.scorer, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
	if _, err := Simplex.Run(t.Context(), 0, fixed{}, Options{}); err == nil {
		t.Error("a search of nothing had a result")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []Strategy{Greedy, LeaveOneOut, Simplex} {
		if _, err := s.Run(ctx, 2, fixed{}, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: found %v after the end", s.Name, err)
		}
	}
}

// uneven has one part, or two.
type uneven struct{}

func (uneven) Score(_ context.Context, c []*big.Rat) (Score, error) {
	return Score{Parts: slices.Repeat([]float64{0}, 1+int(c[1].Num().Int64()))}, nil
}
