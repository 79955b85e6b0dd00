package verify

import (
	"context"
	"fmt"
	"slices"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/human"
	"olmotool/verify/metrics"
)

// Golden compares the logits of a model with recorded ones. A file that does not
// fit the model is a [*formats.Error]. Where no rule is asked for it is "golden",
// or that of the types of the model or of the file which are coarser than F32.
func Golden(ctx context.Context, s *olmo.Source, g *GoldenFile, o Options) (*Report, error) {
	o.EndToEnd = true
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.Layers > 0 || o.TruthF64 || len(o.Text) > 0 {
		return nil, usageErrorf("golden: found options for the comparison of two models, expected none: logits are of the whole model")
	}
	m, err := modelOf(s)
	if err != nil {
		return nil, err
	}
	if int64(g.Vocab) != m.Config.VocabSize {
		return nil, g.errorf("found a vocabulary of %d, expected %d as the model has", g.Vocab, m.Config.VocabSize)
	}
	if err := g.Batch.Check(m.Config, true); err != nil {
		return nil, formats.Errorf(g.Path, place(idsName), "%w", err)
	}
	o.Weights, o.Forward = false, true
	o.Tokens = Tokens{Batch: g.Batch, From: g.Path, AllowLong: true}
	v := &verification{Options: o, ref: m, cand: m, tokens: o.Tokens, report: newReport()}
	v.report.Ref, v.report.Cand = newGoldenSide(g), sideOf(m)
	v.report.Findings = append(v.report.Findings, s.Findings...)
	if o.Arithmetic == "f64" {
		err = golden[float64](ctx, v, g)
	} else {
		err = golden[float32](ctx, v, g)
	}
	if err != nil {
		return nil, err
	}
	v.concludeGolden(g)
	return v.report, nil
}

// goldenMode returns by what the model is judged.
func goldenMode(o Options, m *olmo.Model, g *GoldenFile) (*bar, mode, string) {
	types := []formats.DType{g.DType}
	for _, t := range m.Tensors {
		if t.DType.IsBlock() { // others hold what they were trained as
			types = append(types, t.DType)
		}
	}
	b, rule := barOf(types), "golden"
	if b != nil {
		rule = b.name
	}
	if o.Rule != "" {
		b, rule = barNamed(o.Rule), o.Rule
	}
	if b == nil {
		return nil, exact, rule
	}
	return b, fallback, rule
}

// golden runs the model and compares.
func golden[T accel.Float](ctx context.Context, v *verification, g *GoldenFile) error {
	p, err := newPass[T](v.cand, v.Options, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	r := recorder[T]{Options: v.Options, model: v.cand, tokens: v.tokens}
	x, err := r.run(ctx, p)
	if err != nil {
		return err
	}
	acc := metrics.NewAccumulator(g.Vocab, v.Threads)
	rows := blocks(x.Rows, 2*8*int64(g.Vocab), logitsBytes)
	at := positions(v.tokens)
	for lo := 0; lo < x.Rows; lo += rows {
		hi := min(lo+rows, x.Rows)
		want, err := g.rows(lo, hi)
		if err != nil {
			return err
		}
		got, err := p.Logits(ctx, x.Slice(lo, hi))
		if err != nil {
			return err
		}
		if err := metrics.Add(acc, want, got, at[lo:hi]); err != nil {
			return err
		}
		dropLarge(v.cand.Config)
	}
	f := &Forward{
		Arithmetic: v.Arithmetic, Sequences: len(v.tokens.Seqs), Tokens: x.Rows, Input: v.tokens.From,
		LayersRun: int(v.cand.Config.NumHiddenLayers),
	}
	w := &walk[T]{Options: v.Options, layers: f.LayersRun, report: f, limits: limits{bf16: v.Arithmetic == "bf16", c: v.cand.Config}}
	w.bar, w.mode, w.rule = goldenMode(v.Options, v.cand, g)
	f.Metrics = acc.Logits(w.allowed(nil))
	w.judge()
	v.mode, v.report.Rule, v.report.Forward = w.mode, w.rule, f
	return nil
}

// positions says which position each row of activations is of.
func positions(t Tokens) (at []metrics.At) {
	for i, s := range t.Seqs {
		for k := range s {
			at = append(at, metrics.At{Sequence: i, Position: t.First + k})
		}
	}
	return at
}

// likeBF16 reports whether logits that were judged as float32's are off by what
// bfloat16 costs.
func (v *verification) likeBF16() bool {
	r := v.report
	m, b := r.Forward.Metrics, barNamed("bf16")
	return v.mode == exact && len(r.Reasons) > 0 && v.Arithmetic != "bf16" && m.NonFinite == 0 && m.CentredRMS > bf16Least &&
		m.NMSEVar <= b.nmse && m.KLMean <= b.kl && m.MaxAbsStd <= b.maxStd && m.KLMax <= b.klMax
}

// bf16Least is the centred error of logits below which they were not computed in
// bfloat16: a third of the least that was seen.
const bf16Least = 2e-3

func (v *verification) concludeGolden(g *GoldenFile) {
	r := v.report
	r.Reasons = r.forwardReasons()
	if v.likeBF16() {
		r.Reasons = append(r.Reasons, "that is how far logits computed in bfloat16 are off: if these were, --rule bf16 is theirs")
	}
	r.Accepted = len(r.Reasons) == 0
	r.NotChecked = []string{
		"weights, element by element, and layers one by one: there are only logits to compare with",
		"config and tokenizer, where they do not change these logits",
	}
	r.NotChecked = append(r.NotChecked, slices.DeleteFunc(r.Forward.notChecked(v), func(s string) bool {
		return s == endToEndOnly
	})...)
	if !r.Accepted {
		r.Verdict = "not the recorded logits: " + r.Reasons[0]
		return
	}
	m := r.Forward.Metrics
	r.Verdict = fmt.Sprintf("the recorded logits: of %d tokens none is off by more than %s of its standard deviation, KL at most %s",
		r.Forward.Tokens, human.Number(m.MaxAbsStd), human.Number(m.KLMax))
}
