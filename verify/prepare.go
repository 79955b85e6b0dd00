package verify

import (
	"olmotool/accel"
	"olmotool/formats/olmo"
)

// unfitError says why a model cannot be computed with.
type unfitError struct{ error }

// newWalk prepares the passes, and decides by what the candidate is judged.
func newWalk[T accel.Float](v *verification) (w *walk[T], err error) {
	if v.tokens, err = v.tokensFor(v.ref, v.cand); err != nil {
		return nil, err
	}
	t, e := v.tokens, expect(v.ref, v.cand)
	w = &walk[T]{
		Options: v.Options, tokens: t, layers: v.layers(v.ref.Config),
		limits: limits{mode: exact, bf16: v.Arithmetic == "bf16", c: v.ref.Config, tokens: t.Tokens()},
		report: &Forward{Arithmetic: v.Arithmetic, Sequences: len(t.Seqs), Tokens: t.Tokens(), Input: t.From},
		seen:   seen{config: v.ref.Config.Diff(v.cand.Config), weights: v.report.Weights, window: window(v.ref.Config, v.cand.Config)},
		size:   layerBytes(v.ref), head: headBytes(v.ref),
	}
	w.report.LayersRun = w.layers
	w.bar, w.mode, w.rule = v.choose(e)
	base, ref, exp := v.ref, (*olmo.Model)(nil), (*olmo.Model)(nil)
	switch {
	case w.mode == exact && e.model != nil && len(e.lossy) > 0:
		base, ref = e.model, v.ref
	case w.mode == threeWay:
		exp = e.model
	}
	n := int64(2)
	for _, more := range []bool{ref != nil || exp != nil, v.TruthF64} {
		if more {
			n++
		}
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.base, err = opened[T](base, v.Options, n); err != nil {
		return w, err
	}
	if ref != nil {
		if w.ref, err = opened[T](ref, v.Options, n); err != nil {
			return w, err
		}
	}
	for _, f := range []struct {
		m  *olmo.Model
		to **follower[T]
	}{{v.cand, &w.cand}, {exp, &w.exp}} {
		if f.m == nil {
			continue
		}
		p, err := opened[T](f.m, v.Options, n)
		if err != nil {
			return w, err
		}
		*f.to = &follower[T]{pass: p}
	}
	if v.TruthF64 {
		if w.f64, err = opened[float64](base, v.Options, n); err != nil {
			return w, err
		}
	}
	return w, nil
}

// opened returns a pass; that a model cannot be run is an answer.
func opened[T accel.Float](m *olmo.Model, o Options, n int64) (pass[T], error) {
	p, err := newPass[T](m, o, n)
	if err != nil {
		return nil, &unfitError{err}
	}
	return p, nil
}

// choose returns how the candidate is judged, by the rule of which name.
func (v *verification) choose(e expectation) (b *bar, m mode, rule string) {
	auto := "f32"
	if b = barOf(e.lossy); b != nil {
		auto = b.name
	}
	rule = v.Rule
	if rule == "" {
		rule = auto
	}
	switch {
	case rule == "f32" || rule == "golden":
		return nil, exact, rule
	case rule != auto || e.model == nil:
		return barNamed(rule), fallback, rule
	case e.quantised && (v.report.Weights == nil || v.report.Weights.Bounded > 0):
		// There are many quantisers; this need not be ours.
		return b, threeWay, rule
	}
	return b, exact, rule
}

// window is the shortest sliding window of the configs; 0 if there is none.
func window(configs ...*olmo.Config) (n int) {
	for _, c := range configs {
		for _, t := range c.LayerTypes {
			if t == olmo.SlidingAttention && (n == 0 || int(c.SlidingWindow) < n) {
				n = int(c.SlidingWindow)
			}
		}
	}
	return n
}

func (w *walk[T]) close() {
	for _, p := range []pass[T]{w.base, w.ref} {
		if p != nil {
			p.Close()
		}
	}
	for _, f := range []*follower[T]{w.cand, w.exp} {
		if f != nil {
			f.Close()
		}
	}
	if w.f64 != nil {
		w.f64.Close()
	}
}
