package verify

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/human"
	"olmotool/verify/weights"
)

// conclude accepts the candidate or not, and says why in one line.
func (v *verification) conclude() {
	r := v.report
	ofWeights := weightsReasons(r.Weights)
	why := append(slices.Clone(ofWeights), r.forwardReasons()...)
	r.Reasons = append(why, r.Reasons...)
	if r.Forward == nil && v.Forward && (r.Weights == nil || !r.Weights.Equal) {
		r.Reasons = append(r.Reasons, "the forward pass could not be run: "+r.NotRun)
	}
	r.Accepted = len(r.Reasons) == 0
	r.NotChecked = v.notChecked()
	if !r.Accepted {
		no := "not the same model: "
		if len(ofWeights) == 0 && r.refNonFinite() {
			no = "cannot be judged: "
		}
		r.Verdict = no + r.Reasons[0]
		return
	}
	same := "the same model: "
	if v.mode == fallback && r.Forward != nil {
		same = "as near as rule " + r.Rule + " asks for: "
	}
	r.Verdict = same + strings.Join(slices.DeleteFunc([]string{weightsAgree(r.Weights), r.forwardAgree()}, isEmpty), "; ")
}

// refNonFinite reports whether the reference's own result is a NaN or an infinity,
// which nothing can be compared with, and nothing else was found.
func (r *Report) refNonFinite() bool {
	f := r.Forward
	if f == nil {
		return r.textNaN == "ref"
	}
	if d := f.FirstDivergence; d != nil {
		return d.Metric == "non_finite" && d.OfRef
	}
	wrong := slices.ContainsFunc(f.Checks, func(c Check) bool { return !c.OK && c.Metric != "non_finite_positions" && !math.IsNaN(c.Value) })
	if p := f.Metrics.NonFiniteAt; p != nil {
		return p.Side == "ref" && !wrong
	}
	return r.textNaN == "ref" && !wrong
}

func isEmpty(s string) bool { return s == "" }

// weightsReasons say why the weights are not accepted.
func weightsReasons(w *weights.Report) (why []string) {
	if w == nil || w.Equal {
		return nil
	}
	why = append(why, w.Summary...)
	for _, c := range foldRopes(w.Config) {
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

// foldRopes puts what differs in one rope into one line: what is one setting for
// people is several fields.
func foldRopes(config []string) (folded []string) {
	last := ""
	for _, c := range config {
		of, setting, ok := strings.Cut(c, ": ")
		if ok && of == last && strings.HasPrefix(of, "rope") {
			folded[len(folded)-1] += ", " + setting
			continue
		}
		folded, last = append(folded, c), of
	}
	return folded
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
// wrong, and then, in one line, which limits of the logits were exceeded.
func (r *Report) forwardReasons() (why []string) {
	f := r.Forward
	if f == nil {
		return nil
	}
	d := f.FirstDivergence
	if d != nil {
		told := *d
		if r.Weights != nil {
			told.Hypothesis = d.Shape // the weights' reasons have the rest
		}
		why = append(why, told.describe(f.LayersRun))
	}
	beyond, rule, none := "", "", f.Metrics.NonFinite > 0
	for _, c := range f.Checks {
		switch p := f.Metrics.NonFiniteAt; {
		case c.OK || d != nil && (c.Rule == "L1" || c.Rule == "L2"):
		case c.Metric == "non_finite_positions" && p != nil:
			side := map[string]string{"ref": "reference", "cand": "candidate"}[p.Side]
			why = append(why, fmt.Sprintf("the %s's logits hold %d NaN or infinities, the first in sequence %d, position %d, token %d", side, f.Metrics.NaN+f.Metrics.Inf, p.Sequence, p.Position, p.Token))
		case math.IsNaN(c.Value) && none: // for that reason
		default:
			sep := ", "
			if c.Rule != rule {
				sep = map[bool]string{true: "beyond rule ", false: "; rule "}[rule == ""] + c.Rule + ": "
				rule = c.Rule
			}
			beyond += fmt.Sprintf("%s%s %s (limit %s)", sep, c.Metric, human.Number(c.Value), human.Number(c.Limit))
		}
	}
	if beyond != "" {
		why = append(why, beyond)
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
	if v.report.Weights == nil {
		add("tokens that were not run: their rows of the embedding, and %d of a vocabulary of %d were", distinct(v.tokens), c.VocabSize)
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

// distinct is how many tokens an input has, each counted once.
func distinct(t Tokens) int {
	seen := map[int32]bool{}
	for _, s := range t.Seqs {
		for _, id := range s {
			seen[id] = true
		}
	}
	return len(seen)
}

// newGoldenSide describes a golden file.
func newGoldenSide(g *GoldenFile) Side {
	return Side{Path: g.Path, Layout: "golden", DTypes: map[formats.DType]int64{g.DType: g.logits.Bytes()}}
}
