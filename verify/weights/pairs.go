package weights

import (
	"slices"
	"sync/atomic"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// pair is a tensor of REF and what CAND has in its place.
type pair struct {
	ref, cand formats.Tensor
	rule      string
	// want is what CAND should hold, to the byte. It has no Data where that cannot
	// be said.
	want formats.Tensor
	// loose: a NaN may have other bits.
	loose bool
	// bound, if positive, is how large the relative error may be.
	bound float64
	// why says, where nothing can be compared, why.
	why string
	// A side without a config has no head of its own; whether the embedding is it
	// depends on the outcome.
	refStandsIn, candStandsIn bool

	refBad, candBad *tally
	diff            atomic.Int64 // the first byte that differs, plus 1; 0: none
	measure         *measure
}

// bounds are relative errors that quantised types stay below on weights as models
// have them: what ggml's quantisers do to normal values, with a margin. A wrong
// layout is at 1.4.
var bounds = map[formats.DType]float64{
	formats.Q6_K: 0.025, formats.Q5_K: 0.045, formats.Q5_0: 0.055, formats.Q5_1: 0.055,
	formats.Q4_K: 0.09, formats.IQ4_NL: 0.095, formats.IQ4_XS: 0.095, formats.Q4_0: 0.11, formats.Q4_1: 0.11,
	formats.Q3_K: 0.19, formats.Q2_K: 0.36,
}

// match finds for each tensor of REF the one of CAND, and the rule for both.
func (c *comparison) match() {
	cand := make(map[string]formats.Tensor, len(c.cand.Tensors))
	for _, t := range c.cand.Tensors {
		cand[t.Name] = t
	}
	ref := slices.Clone(c.ref.Tensors)
	head := olmo.Tied()[0]
	a, b := c.headOf(c.ref, "REF"), c.headOf(c.cand, "CAND")
	if a.Stored || b.Stored { // else nothing to compare: both are the embedding
		delete(cand, head)
		ref = slices.DeleteFunc(ref, func(t formats.Tensor) bool { return t.Name == head })
		if a.Data != nil {
			ref = append(ref, a.Tensor)
		}
		if b.Data != nil {
			cand[head] = b.Tensor
		}
	}
	for _, r := range ref {
		g, ok := cand[r.Name]
		delete(cand, r.Name)
		if !ok {
			c.missing = append(c.missing, r)
			c.report.Missing = append(c.report.Missing, r.Name)
			continue
		}
		p := newPair(r, g)
		if r.Name == head {
			p.refStandsIn, p.candStandsIn = a.Guess, b.Guess
		}
		c.pairs = append(c.pairs, p)
	}
	for _, t := range c.cand.Tensors { // in their order
		if g, ok := cand[t.Name]; ok && t.Name != head {
			c.extra = append(c.extra, g)
			c.report.Extra = append(c.report.Extra, g.Name)
		}
	}
	if g, ok := cand[head]; ok {
		c.extra = append(c.extra, g)
		c.report.Extra = append(c.report.Extra, head)
	}
	c.report.Tensors = len(c.pairs)
}

func newPair(r, g formats.Tensor) *pair {
	p := &pair{ref: r, cand: g, refBad: new(tally), candBad: new(tally)}
	var err error
	switch {
	case !slices.Equal(r.Shape, g.Shape):
		p.rule = "W1"
	case r.DType == g.DType:
		p.rule, p.want = "W2", r
	case g.DType.IsFloat() && formats.CanCast(r.DType, g.DType):
		p.rule, p.loose = "W3", true
		p.want, err = formats.Cast(r, g.DType, nil)
	case formats.CanCast(r.DType, g.DType):
		p.rule, p.bound = "W5", bounds[g.DType]
		p.want, err = formats.Cast(r, g.DType, nil)
	case canDecode(r.DType) && canDecode(g.DType) && bounds[g.DType] > 0:
		p.rule, p.bound = "W5", bounds[g.DType]
	default:
		p.rule = "W5"
		for _, d := range []formats.DType{g.DType, r.DType} {
			if !canDecode(d) {
				p.why = "not compared: blocks of " + d.String() + " cannot be decoded"
				if !d.IsBlock() {
					p.why = "not compared: " + d.String() + " is no type of weights"
				}
			}
		}
		if p.why == "" {
			p.why = "not compared: there is no quantiser of " + g.DType.String() + ", and no bound of its error"
		}
	}
	if err != nil { // of a block type, rows that do not fill whole blocks
		p.why = "not compared: " + err.Error()
	}
	return p
}

// headOf returns the head of a model, and notes one that its config denies.
func (c *comparison) headOf(m *olmo.Model, side string) olmo.Head {
	h := m.Head()
	if h.Beside {
		c.note("%s stores a head although its config says that it is the embedding: what is stored was compared, as transformers 5 takes it; others take the embedding", side)
	}
	return h
}
