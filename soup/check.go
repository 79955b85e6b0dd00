package soup

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Verdict says what a published model is of its ingredients.
type Verdict string

// Verdicts, from the best to the worst.
const (
	Exact        Verdict = "exact"      // every value is the exact mean, rounded once
	Reproduced   Verdict = "reproduced" // a known way of computing it gives the same bits
	RoundingOnly Verdict = "rounding"   // no value is further away than rounding explains
	Different    Verdict = "different"
)

// CheckOptions say how to check.
type CheckOptions struct {
	Options
	// Weights are those of the ingredients, nil if they count the same.
	Weights []*big.Rat
	Threads int // 0: all cores
	// Progress, if set, is told of elements as they are compared.
	Progress func(n int64)
}

// CheckReport is the outcome of a [Check].
type CheckReport struct {
	Verdict  Verdict
	Elements int64
	// Ways are ways of computing the mean, the exact one first, with how many
	// elements each gets wrong.
	Ways []Way
	// Best is the index of the way that gets the fewest wrong.
	Best int
	// Different counts elements that rounding does not explain.
	Different int64
	// Tensors are those with such elements, the worst first.
	Tensors  []CheckedTensor
	Findings []formats.Finding
}

// Way is a way of computing a mean.
type Way struct {
	Name, Doc string
	Wrong     int64 // elements that it does not reproduce
}

// CheckedTensor is a tensor with elements that rounding does not explain.
type CheckedTensor struct {
	Name      string
	Elements  int64
	Different int64
	// First is the index of the first of them, and Want, Got what is expected and
	// found there.
	First     string
	Want, Got float64
}

// slack is how much of Σ|w·x|/Σw, in units of the roundoff of the type, the ways
// of others are wrong at most, besides half of it for each model: weights, products,
// sums and the quotient may each be rounded.
const slack = 4

// Check recomputes a published soup from its ingredients, and finds out how it
// was made.
func Check(ctx context.Context, published *olmo.Model, models []*olmo.Model, o CheckOptions) (*CheckReport, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	r := Uniform(len(models))
	if o.Weights != nil {
		r = Weighted(o.Weights, true)
	}
	c := &check{CheckOptions: o, report: new(CheckReport)}
	for i := range models {
		c.weights = append(c.weights, r.Value("weight", "", max(0, min(i, r.Models-1))))
	}
	if err := c.prepare(ctx, published, models, r); err != nil {
		return nil, err
	}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c.judge(), nil
}

// check is one run.
type check struct {
	CheckOptions
	weights []*big.Rat
	sum     *combination
	ways    []path
	tensors []*checking
	report  *CheckReport

	mu sync.Mutex
}

// checking is a tensor under check.
type checking struct {
	published formats.Tensor
	merged    formats.Tensor // exactly, in the type of the published one
	in        []*input
	out       CheckedTensor
	at        int64 // of the first that differs
}

// prepare lays the tensors side by side. The published model must have the same
// tensors as what it is said to be made of.
func (c *check) prepare(ctx context.Context, published *olmo.Model, models []*olmo.Model, r Recipe) error {
	var err error
	if c.sum, err = combine(c.weights, true); err != nil {
		return usagef("%w", err)
	}
	o := c.Options
	o.Allow.NonFinite = true
	byType := map[formats.DType]*olmo.Model{}
	find := func(d formats.DType) (*olmo.Model, error) {
		if m := byType[d]; m != nil {
			return m, nil
		}
		r.DType = d
		res, err := Merge(ctx, models, nil, r, o)
		if err != nil {
			return nil, err
		}
		if len(byType) == 0 {
			c.report.Findings = res.Findings
		}
		byType[d] = res.Model
		return res.Model, nil
	}
	// Names and shapes are compared as those of one more model.
	both := &merging{Options: o, recipe: Recipe{Method: &linear}, donor: published, all: append([]*olmo.Model{published}, models...)}
	both.models, both.result = both.all, new(Result)
	for _, step := range []func() error{both.checkSources, both.checkConfigs, both.match} {
		if err := step(); err != nil {
			return err
		}
	}
	for k, x := range both.matched {
		m, err := find(x.in[0].DType)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(m.Tensors, func(t formats.Tensor) bool { return t.Name == x.name })
		if i < 0 {
			return formats.Errorf(published.Source.Path, fmt.Sprintf("tensor %.120q", x.name), "found none in the soup of the ingredients, expected it there")
		}
		c.tensors = append(c.tensors, &checking{published: x.in[0].Tensor, merged: m.Tensors[i], in: x.in[1:], out: CheckedTensor{Name: x.name, Elements: x.in[0].Len()}, at: math.MaxInt64})
		c.report.Elements += c.tensors[k].out.Elements
	}
	c.ways = paths(c.weights)
	c.report.Ways = []Way{{Name: "exact", Doc: "the exact mean, rounded once"}}
	for _, p := range c.ways {
		c.report.Ways = append(c.report.Ways, Way{Name: p.name, Doc: p.doc})
	}
	for i, m := range models {
		c.report.Ways = append(c.report.Ways, Way{Name: fmt.Sprintf("copy-%d", i+1), Doc: "a copy of " + m.Source.Path})
	}
	return nil
}

// run compares all tensors, in blocks.
func (c *check) run(ctx context.Context) error {
	type job struct {
		t     *checking
		at, n int64
	}
	jobs := make(chan job)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(jobs)
		for _, t := range c.tensors {
			for at := int64(0); at < t.out.Elements; at += readElems {
				select {
				case jobs <- job{t, at, min(readElems, t.out.Elements-at)}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range c.Threads {
		g.Go(func() error {
			w := &checker{check: c, wrong: make([]int64, len(c.report.Ways))}
			for j := range jobs {
				if err := w.compare(ctx, j.t, j.at, j.n); err != nil {
					return err
				}
				if c.Progress != nil {
					c.Progress(j.n)
				}
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			for i, n := range w.wrong {
				c.report.Ways[i].Wrong += n
			}
			return nil
		})
	}
	return g.Wait()
}

// judge draws the conclusion.
func (c *check) judge() *CheckReport {
	r := c.report
	for i, w := range r.Ways {
		if w.Wrong < r.Ways[r.Best].Wrong {
			r.Best = i
		}
	}
	for _, t := range c.tensors {
		if t.out.Different > 0 {
			t.out.First = index(t.published.Shape, t.at)
			r.Different += t.out.Different
			r.Tensors = append(r.Tensors, t.out)
		}
	}
	slices.SortStableFunc(r.Tensors, func(a, b CheckedTensor) int { return cmp.Compare(b.Different, a.Different) })
	switch {
	case r.Ways[0].Wrong == 0:
		r.Verdict = Exact
	case r.Ways[r.Best].Wrong == 0:
		r.Verdict = Reproduced
	case r.Different == 0:
		r.Verdict = RoundingOnly
	default:
		r.Verdict = Different
	}
	return r
}
