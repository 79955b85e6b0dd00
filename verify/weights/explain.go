package weights

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmotool/internal/closeness"
	"olmotool/internal/element"
)

// finding is what a diagnosis came to.
type finding struct {
	say string // one line
	// story is what tensors have in common that are told of together; empty: say.
	story string
	// vague: no mistake is known, and the sizes of the errors are all there is to say.
	vague bool
	// holds is the name of REF's tensor whose values CAND has here.
	holds string
}

// explain diagnoses the failures and sums them up.
func (c *comparison) explain(ctx context.Context) error {
	var total int64
	for _, p := range c.failed {
		total += p.cand.Bytes()
	}
	advance := func(int64) {}
	if len(c.failed) > 0 {
		advance = c.stage("diagnosing", total)
	}
	found := make([]finding, len(c.failed))
	c.report.Failures = make([]Tensor, len(c.failed))
	for i, p := range c.failed {
		var err error
		if found[i], err = c.diagnose(ctx, p); err != nil {
			return err
		}
		if c.report.Failures[i], err = p.tensor(); err != nil {
			return err
		}
		advance(p.cand.Bytes())
	}
	c.swaps(found)
	for i, f := range found {
		c.report.Failures[i].Diagnosis = f.say
	}
	return c.summarise(ctx, found)
}

// tensor reports a pair that failed.
func (p *pair) tensor() (Tensor, error) {
	layer, module := split(p.ref.Name)
	t := Tensor{
		Name: p.ref.Name, Layer: layer, Module: module, Rule: p.rule,
		RefDType: p.ref.DType.String(), CandDType: p.cand.DType.String(),
		RefShape: slices.Clone(p.ref.Shape), CandShape: slices.Clone(p.cand.Shape),
		RefNaN: p.refBad.nan.Load(), RefInf: p.refBad.inf.Load(),
		CandNaN: p.candBad.nan.Load(), CandInf: p.candBad.inf.Load(),
	}
	m := p.measure
	if m == nil {
		return t, nil
	}
	t.Changed, t.ChangedRows, t.ULP = m.changed, m.rows, m.ulp
	if m.measured {
		t.Measured, t.MaxAbs, t.RelRMS, t.Cosine = true, closeness.Finite(m.maxAbs), m.relRMS(), m.cosine()
	}
	first := int64(-1)
	if len(m.elems) > 0 {
		first = m.elems[0]
	} else if d := p.diff.Load(); d > 0 { // blocks of other bytes and the same values
		first = (d - 1) / p.cand.DType.BlockBytes() * p.cand.DType.BlockElems()
	}
	if first < 0 {
		return t, nil
	}
	t.First = element.Index(p.ref.Shape, first)
	want := p.want
	if want.Data == nil {
		want = p.ref
	}
	var err error
	if t.RefValue, err = element.Print(want, first); err == nil {
		t.CandValue, err = element.Print(p.cand, first)
	}
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", p.ref.Name, err)
	}
	return t, nil
}

// diagnose finds out what is wrong with a pair.
func (c *comparison) diagnose(ctx context.Context, p *pair) (finding, error) {
	switch {
	case p.why != "":
		return finding{say: p.why}, nil
	case p.rule == "W1":
		return c.misshapen(ctx, p)
	case p.rule == "W6" && p.want.Data != nil:
		return finding{say: fmt.Sprintf("%d NaN and %d infinities where REF has %d and %d: values too large for %s",
			p.candBad.nan.Load(), p.candBad.inf.Load(), p.refBad.nan.Load(), p.refBad.inf.Load(), p.cand.DType)}, nil
	case p.want.Data == nil:
		return finding{say: fmt.Sprintf("a relative error of %.2g, beyond the %.2g that %s has on weights", p.measure.relRMS(), p.bound, p.cand.DType)}, nil
	}
	var err error
	if p.measure, err = c.measured(ctx, p.want, p.cand, p.loose); err != nil {
		return finding{}, err
	}
	x := &patient{
		comparison: c, name: p.ref.Name, ref: p.ref, want: p.want, got: p.cand, loose: p.loose, m: p.measure,
	}
	return x.diagnose(ctx)
}

// split returns the layer and the module of a canonical name; -1 and the name
// where there is no layer.
func split(name string) (layer int, module string) {
	module = strings.TrimSuffix(name, ".weight")
	rest, ok := strings.CutPrefix(module, "model.layers.")
	if !ok {
		return -1, module
	}
	digits, rest, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil || rest == "" {
		return -1, module
	}
	return n, rest
}
