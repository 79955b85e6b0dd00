package verify

import (
	"context"
	"errors"
	"fmt"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
	"olmotool/verify/text"
	"olmotool/verify/weights"
)

// Run compares a candidate with a reference. What the candidate lacks, or has in
// another shape, or computes as NaN, is an answer: a report that does not accept
// it. An error says that one of them cannot be read, or, as a [*UsageError],
// that the options ask for what does not exist.
func Run(ctx context.Context, ref, cand *olmo.Source, o Options) (*Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &verification{Options: o, report: newReport()}
	if v.ref, err = ref.Model(); err != nil {
		return nil, err
	}
	var flaws []formats.Finding
	if v.cand, flaws, err = cand.Loose(); err != nil {
		return nil, err
	}
	v.report.Findings = append(v.report.Findings, flaws...)
	return v.run(ctx)
}

// verification is a run.
type verification struct {
	Options
	ref, cand *olmo.Model
	tokens    Tokens
	mode      mode // of the forward pass
	report    *Report
}

func newReport() *Report {
	return &Report{Rule: weightsLevel, NotChecked: []string{}, Findings: []formats.Finding{}}
}

func (v *verification) run(ctx context.Context) (*Report, error) {
	r := v.report
	r.Ref, r.Cand = sideOf(v.ref), sideOf(v.cand)
	for _, m := range []*olmo.Model{v.ref, v.cand} {
		if m.Source != nil {
			r.Findings = append(r.Findings, m.Source.Findings...)
		}
	}
	if v.Weights {
		w, err := weights.Compare(ctx, v.ref, v.cand, weights.Options{Threads: v.Threads, Progress: v.Progress})
		if err != nil {
			return nil, err
		}
		r.Weights = w
	}
	if v.Forward || len(v.Text) > 0 {
		if why := v.unfit(); why != "" {
			v.notRun(why)
		} else if err := v.compute(ctx); err != nil {
			return nil, err
		}
	}
	v.conclude()
	return r, nil
}

// sideOf describes a model.
func sideOf(m *olmo.Model) Side {
	s := Side{DTypes: map[formats.DType]int64{}}
	if m.Source != nil {
		s.Path, s.Layout = m.Source.Path, m.Source.Layout
	}
	if m.Config != nil {
		s.Model = m.Config.ModelType
	}
	for _, t := range m.Tensors {
		s.Parameters += t.Elements()
		s.DTypes[t.DType] += t.Bytes()
	}
	return s
}

// unfit says why the two models cannot be run side by side; empty if they can.
func (v *verification) unfit() string {
	a, b := v.ref.Config, v.cand.Config
	switch {
	case a == nil || b == nil:
		return "there is no config that says how the tensors are put together"
	case a.HiddenSize != b.HiddenSize:
		return fmt.Sprintf("hidden sizes differ: %d and %d", a.HiddenSize, b.HiddenSize)
	case a.VocabSize != b.VocabSize:
		return fmt.Sprintf("vocabularies differ: %d and %d", a.VocabSize, b.VocabSize)
	case a.NumHiddenLayers != b.NumHiddenLayers:
		return fmt.Sprintf("numbers of layers differ: %d and %d", a.NumHiddenLayers, b.NumHiddenLayers)
	}
	return ""
}

// notRun notes that there is no forward pass, and why.
func (v *verification) notRun(why string) {
	v.report.NotRun = why
}

// compute runs the forward passes that were asked for.
func (v *verification) compute(ctx context.Context) error {
	if v.Arithmetic == "f64" {
		return compute[float64](ctx, v)
	}
	return compute[float32](ctx, v)
}

func compute[T accel.Float](ctx context.Context, v *verification) error {
	w, err := newWalk[T](v)
	if why := new(unfitError); errors.As(err, &why) {
		v.notRun(why.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if v.Forward {
		if err := w.run(ctx); err != nil {
			w.close()
			return err
		}
		w.judge()
		v.mode, v.report.Rule, v.report.Forward = w.mode, w.rule, w.report
		v.report.Findings = append(v.report.Findings, w.notes...)
	}
	w.close()
	if len(v.Text) > 0 {
		return score[T](ctx, v)
	}
	return nil
}

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
	n := int64(4)
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

// score compares the models on a text.
func score[T accel.Float](ctx context.Context, v *verification) error {
	var passes [2]*forward.Pass[T]
	for i, m := range []*olmo.Model{v.ref, v.cand} {
		p, err := newPass[T](m, v.Options, 2)
		if err != nil {
			v.notRun(err.Error())
			return nil
		}
		defer p.Close()
		passes[i] = p
	}
	r, err := text.Run(ctx, passes[0], passes[1], v.Text, text.Options{Context: v.TextContext, Threads: v.Threads, Progress: v.Progress})
	if nan := new(text.NonFinite); errors.As(err, &nan) {
		v.report.Reasons = append(v.report.Reasons, nan.Error())
		return nil
	}
	v.report.Text = r
	return err
}
