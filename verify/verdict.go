package verify

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/human"
	"olmotool/verify/weights"
)

// conclude accepts the candidate or not, and says why in one line.
func (v *verification) conclude() {
	r := v.report
	why := append(weightsReasons(r.Weights), r.forwardReasons()...)
	r.Reasons = append(why, r.Reasons...)
	if r.Forward == nil && v.Forward && (r.Weights == nil || !r.Weights.Equal) {
		r.Reasons = append(r.Reasons, "the forward pass could not be run: "+r.NotRun)
	}
	r.Accepted = len(r.Reasons) == 0
	r.NotChecked = v.notChecked()
	if !r.Accepted {
		r.Verdict = "not the same model: " + r.Reasons[0]
		return
	}
	same := "the same model: "
	if v.mode == fallback && r.Forward != nil {
		same = "as near as rule " + r.Rule + " asks for: "
	}
	r.Verdict = same + strings.Join(slices.DeleteFunc([]string{weightsAgree(r.Weights), r.forwardAgree()}, isEmpty), "; ")
}

func isEmpty(s string) bool { return s == "" }

// weightsReasons say why the weights are not accepted.
func weightsReasons(w *weights.Report) (why []string) {
	if w == nil || w.Equal {
		return nil
	}
	why = append(why, w.Summary...)
	for _, c := range w.Config {
		why = append(why, "config: "+c)
	}
	for _, t := range w.Tokenizer {
		why = append(why, "tokenizer: "+t)
	}
	if len(why) == 0 {
		why = []string{"the weights are not the reference's"}
	}
	return why
}

// weightsAgree says in which way the weights are equal.
func weightsAgree(w *weights.Report) string {
	if w == nil {
		return ""
	}
	how := []string{}
	for _, c := range []struct {
		n    int
		what string
	}{
		{w.Identical, "the same bytes"},
		{w.Cast, "exactly the reference's values in another type"},
		{w.Quantised, "quantised exactly"},
		{w.Bounded, "within the error of their type"},
	} {
		if c.n > 0 {
			how = append(how, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return fmt.Sprintf("of %d tensors %s", w.Tensors, strings.Join(how, ", "))
}

// forwardReasons say why the forward pass is not accepted: where it first goes
// wrong, and then which limits of the logits were exceeded.
func (r *Report) forwardReasons() (why []string) {
	f := r.Forward
	if f == nil {
		return nil
	}
	if d := f.FirstDivergence; d != nil {
		why = append(why, d.describe(f.LayersRun))
	}
	for _, c := range f.Checks {
		if c.OK || f.FirstDivergence != nil && (c.Rule == "L1" || c.Rule == "L2") {
			continue
		}
		if p := f.Metrics.NonFiniteAt; c.Metric == "non_finite_positions" && p != nil {
			side := map[string]string{"ref": "reference", "cand": "candidate"}[p.Side]
			why = append(why, fmt.Sprintf("the %s's logits hold %d NaN or infinities, the first in sequence %d, position %d, token %d", side, f.Metrics.NaN+f.Metrics.Inf, p.Sequence, p.Position, p.Token))
			continue
		}
		why = append(why, fmt.Sprintf("%s is %s, beyond %s of rule %s", c.Metric, human.Number(c.Value), human.Number(c.Limit), c.Rule))
	}
	return why
}

// describe says where something diverged, and why it might.
func (d *Divergence) describe(layers int) string {
	at := fmt.Sprintf("layer %d, %s", d.Layer, d.Site)
	if d.Layer < 0 || d.Layer >= layers {
		at = d.Site
	}
	s := fmt.Sprintf("%s: relative error %s, limit %s", at, human.Number(d.Value), human.Number(d.Limit))
	switch d.Metric {
	case "non_finite":
		s = at
	case "worst_token":
		s = fmt.Sprintf("%s: relative error of one position %s, limit %s", at, human.Number(d.Value), human.Number(d.Limit))
	case "end_to_end":
		s = fmt.Sprintf("%s: relative error end to end %s, limit %s", at, human.Number(d.Value), human.Number(d.Limit))
	}
	if d.Hypothesis != "" {
		s += ": " + d.Hypothesis
	}
	return s
}

// forwardAgree says how well the forward passes agree.
func (r *Report) forwardAgree() string {
	f := r.Forward
	if f == nil {
		return ""
	}
	what := fmt.Sprintf("%d tokens through %d layers agree", f.Tokens, f.LayersRun)
	for _, c := range f.Checks {
		if c.Metric == "local" {
			what += fmt.Sprintf(", no layer beyond %s (limit %s)", human.Number(c.Value), human.Number(c.Limit))
		}
	}
	if f.Cost != nil {
		what += fmt.Sprintf("; its types cost a mean KL of %s", human.Number(f.Metrics.KLMean))
	}
	return what
}

// notChecked lists what this run could not have seen.
func (v *verification) notChecked() []string {
	r, list := v.report, []string{}
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if w := r.Weights; w == nil {
		add("weights, element by element, config and tokenizer")
	} else {
		for _, n := range w.Notes {
			if strings.Contains(n, "not compared") {
				list = append(list, n)
			}
		}
	}
	switch {
	case r.Forward != nil:
		list = append(list, r.Forward.notChecked(v)...)
	case r.NotRun != "":
		add("the forward pass: %s", r.NotRun)
	default:
		add("the forward pass")
	}
	add("the state of an optimizer, and files that are neither weights, config nor tokenizer")
	return list
}

const endToEndOnly = "layers one by one: a fault of one layer may hide in the whole"

// notChecked lists what this forward pass could not have seen.
func (f *Forward) notChecked(v *verification) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	c := v.ref.Config
	if int64(f.LayersRun) < c.NumHiddenLayers {
		add("layers from %d on: the pass was cut short", f.LayersRun)
	}
	longest := 0
	for _, s := range v.tokens.Seqs {
		longest = max(longest, len(s))
	}
	end := v.tokens.First + longest
	if int64(end) < c.MaxPositionEmbeddings {
		add("positions from %d on, of a context of %d", end, c.MaxPositionEmbeddings)
	}
	if w := window(c); w > 0 && longest <= w {
		add("the end of the sliding window: no sequence is longer than its %d tokens", w)
	}
	if v.EndToEnd {
		add(endToEndOnly)
	}
	switch {
	case f.Arithmetic == "bf16":
		add("faults of single rows: they cannot be seen in this precision; arithmetic f32 can")
	case v.mode == threeWay:
		add("faults of single rows, where they are smaller than what the types cost")
	case v.mode == fallback:
		add("faults of single rows, and of whole matrices if they are small: the bars of rule %s are fixed", v.report.Rule)
	}
	add("other implementations: their kernels, caches of keys and values, and batching")
	return list
}

// newGoldenSide describes a golden file.
func newGoldenSide(g *GoldenFile) Side {
	return Side{Path: g.Path, Layout: "golden", DTypes: map[formats.DType]int64{g.DType: g.logits.Bytes()}}
}
