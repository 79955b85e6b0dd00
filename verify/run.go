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
	if len(v.Text) > 0 && v.unfit() == "" { // before the work
		if err := text.Check(v.Text, v.textOptions(), v.ref.Config, v.cand.Config); err != nil {
			return nil, err
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

func (o Options) textOptions() text.Options {
	return text.Options{Name: o.TextFrom, Context: o.TextContext, Threads: o.Threads, Progress: o.Progress}
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
	r, err := text.Run(ctx, passes[0], passes[1], v.Text, v.textOptions())
	if nan := new(text.NonFinite); errors.As(err, &nan) {
		v.report.Reasons, v.report.textNaN = append(v.report.Reasons, nan.Error()), nan.Side
		return nil
	}
	v.report.Text = r
	return err
}
