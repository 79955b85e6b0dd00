package diff

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/closeness"
	"olmotool/internal/element"
)

// Options say what to compare.
type Options struct {
	Threads int // 0: all cores
	// Raw compares tensors by the names that they are stored by.
	Raw bool
	// Tensors are patterns of path.Match; only tensors are compared whose name, or
	// the one that they are stored by, matches one of them. None: all.
	Tensors []string
	// WeightsOnly leaves out everything but the tensors.
	WeightsOnly bool
	// Progress, if set, is told of each stage of long work.
	Progress func(stage string, total int64) (advance func(n int64))
}

// sides is how messages call the two.
var sides = [2]string{"A", "B"}

// sideOf names the side that something is true of: A, or else B.
func sideOf(a bool) string {
	if a {
		return sides[0]
	}
	return sides[1]
}

// comparison is one run.
type comparison struct {
	Options
	report *Report
	pairs  []*pair
}

// Compare compares two checkpoints. What one of them lacks, or has in another
// shape or type, is part of the answer; an error says that one cannot be read.
func Compare(ctx context.Context, a, b *olmo.Source, o Options) (*Report, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	for _, g := range o.Tensors {
		if _, err := path.Match(g, ""); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", g, err)
		}
	}
	c := &comparison{Options: o, report: newReport()}
	c.report.A, c.report.B = Side{a.Path, a.Layout}, Side{b.Path, b.Layout}
	m, n, err := c.models(a, b)
	if err != nil {
		return nil, err
	}
	c.match(m, n)
	if err := c.measure(ctx); err != nil {
		return nil, err
	}
	if err := c.judge(); err != nil {
		return nil, err
	}
	if !o.WeightsOnly {
		if err := c.besides(m, n); err != nil {
			return nil, err
		}
	}
	c.noteFiles(a, b)
	c.report.Equal = c.report.equal()
	return c.report, nil
}

// models returns the tensors of both sides under the names to compare them by.
func (c *comparison) models(a, b *olmo.Source) (m, n *olmo.Model, err error) {
	if !c.Raw && (a.Config == nil) != (b.Config == nil) {
		c.note("%s is a bare list of tensors: its names were taken as they are", sideOf(a.Config == nil))
	}
	ms := [2]*olmo.Model{}
	for i, s := range []*olmo.Source{a, b} {
		if c.Raw {
			bare := *s
			bare.Config = nil
			s = &bare
		}
		var found []formats.Finding
		if ms[i], found, err = s.Loose(); err != nil {
			return nil, nil, err
		}
		for _, f := range found[:min(len(found), maxFindings)] {
			c.note("%s is no whole model: %s: %s", sides[i], f.Where, f.Message)
		}
		if more := len(found) - maxFindings; more > 0 {
			c.note("%s is no whole model: %d more findings", sides[i], more)
		}
	}
	return ms[0], ms[1], nil
}

// maxFindings is how many flaws of a model are noted.
const maxFindings = 5

// wanted reports whether a tensor is to be compared.
func (c *comparison) wanted(t formats.Tensor) bool {
	return len(c.Tensors) == 0 || slices.ContainsFunc(c.Tensors, func(g string) bool {
		byName, _ := path.Match(g, t.Name) // the patterns are valid
		stored, _ := path.Match(g, t.Origin.Name)
		return byName || stored
	})
}

// judge sorts the pairs into those that are equal and those that are not.
func (c *comparison) judge() error {
	r := c.report
	layers := newLayers()
	var changed []*pair
	widened := 0
	for _, p := range c.pairs {
		differs := p.how == notAtAll || p.found != nil
		switch {
		case differs && p.widened():
			widened++
			differs = false
		case differs && p.guess[0]:
			r.OnlyB = append(r.OnlyB, p.a.Name)
			continue
		case differs && p.guess[1]:
			r.OnlyA = append(r.OnlyA, p.a.Name)
			continue
		}
		r.Tensors++
		layers.add(p, differs)
		if !differs {
			r.Identical++
			continue
		}
		changed = append(changed, p)
	}
	if widened > 0 {
		c.note("%d of the tensors that are equal are F32 on one side and of half the width on the other, as a GGUF has its norms", widened)
	}
	slices.SortStableFunc(changed, func(p, q *pair) int { return cmp.Compare(q.badness(), p.badness()) })
	for _, p := range changed {
		t, err := p.tensor()
		if err != nil {
			return err
		}
		r.Changed = append(r.Changed, t)
	}
	r.Layers = layers.list()
	return nil
}

// badness orders what differs: the higher, the worse.
func (p *pair) badness() float64 {
	switch {
	case p.kind == Shape:
		return 4
	case p.how == notAtAll:
		return 3
	case p.how == asBits:
		return 2
	}
	// Where a has no length the error has no bound: below 2 all the same.
	e := p.found.relL2()
	return e / (1 + e)
}

// tensor reports a pair that differs.
func (p *pair) tensor() (Tensor, error) {
	t := Tensor{
		Name: p.a.Name, Kind: p.kind, Note: p.note, ADType: p.a.DType.String(), BDType: p.b.DType.String(),
		AShape: append([]int64{}, p.a.Shape...), BShape: append([]int64{}, p.b.Shape...),
	}
	s := p.found
	if s == nil {
		return t, nil
	}
	t.ElementsChanged = &s.changed
	if p.how != asBits {
		t.MaxAbs, t.MeanAbs, t.RelL2, t.Cosine = new(closeness.Finite(s.maxAbs)), new(s.meanAbs()), new(s.relL2()), new(s.cosine())
		t.ANaN, t.BNaN, t.AInf, t.BInf = s.nan[0], s.nan[1], s.inf[0], s.inf[1]
	}
	if p.coarse.Valid() {
		ulp := s.ulp[:]
		for len(ulp) > 1 && ulp[len(ulp)-1] == 0 {
			ulp = ulp[:len(ulp)-1]
		}
		t.ULP, t.ULPType = ulp, p.coarse.String()
	}
	if s.first == 0 {
		if t.Note == "" && s.changed == 0 {
			t.Note = "the values are equal"
		}
		return t, nil
	}
	t.First = element.Index(p.a.Shape, s.first-1)
	var err error
	if t.AValue, err = element.Print(p.a, s.first-1); err == nil {
		t.BValue, err = element.Print(p.b, s.first-1)
	}
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return t, nil
}

// stage tells Progress that a stage begins.
func (c *comparison) stage(name string, total int64) func(int64) {
	if c.Progress != nil {
		if advance := c.Progress(name, total); advance != nil {
			return advance
		}
	}
	return func(int64) {}
}

func (c *comparison) note(format string, args ...any) {
	c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
}
