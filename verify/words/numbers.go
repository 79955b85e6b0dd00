package words

import (
	"fmt"
	"math"

	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/metrics"
	"olmotool/verify/text"
)

// Metric is a metric of logits: of the candidate against the reference, and, where
// there are these comparisons, against the reference in the candidate's types, and
// of that against the reference: what the types cost.
type Metric struct {
	Row
	Expected, Cost string
}

// Logits are the metrics of the logits, from the telling to the particular.
func Logits(f *verify.Forward) []Metric {
	if f == nil || f.Metrics == nil {
		return nil
	}
	expected, cost := values(f.Expected), values(f.Cost)
	var ms []Metric
	for _, r := range logits(f.Metrics) {
		ms = append(ms, Metric{r, expected[r.Name], cost[r.Name]})
	}
	return ms
}

// EqualLogits reports whether all logits are equal, so that there is nothing more
// to tell.
func EqualLogits(f *verify.Forward) bool {
	return f.Metrics != nil && f.Metrics.MaxAbs == 0 && f.Metrics.NonFinite == 0
}

// values are those of a comparison, by name; none if there was none.
func values(m *metrics.Logits) map[string]string {
	if m == nil {
		return nil
	}
	by := map[string]string{}
	for _, r := range logits(m) {
		by[r.Name] = r.Value
	}
	return by
}

func logits(m *metrics.Logits) []Row {
	n := human.Number
	rows := []Row{
		{"relative error", n(m.RelRMS), "√(Σ(a−b)²/Σb²)"},
		{"… centred", n(m.CentredRMS), "less each row's mean, which softmax does not see"},
		{"largest difference", n(m.MaxAbs), fmt.Sprintf("sequence %d, position %d, token %d; %s of the row's standard deviation", m.MaxAbsAt[0], m.MaxAbsAt[1], m.MaxAbsAt[2], n(m.MaxAbsStd))},
		{"99th percentile", n(m.P99Abs), "of the absolute differences"},
		{"mean difference", n(m.MeanAbs), fmt.Sprintf("absolute; the logits have a standard deviation of %s", n(m.RefStd))},
		{"NMSE", n(m.NMSEVar), "mean (a−b)² over the variance, as llama.cpp's check has it"},
		{"NMSE of energy", n(m.NMSEEnergy), "Σ(a−b)² over Σb²"},
		{"1 − cosine", n(m.OneMinusCos), "about half of the relative error squared"},
		{"KL, mean", n(m.KLMean), fmt.Sprintf("KL(ref‖cand) in nats; the other way %s", n(m.KLReverse))},
		{"KL, 99th percentile", n(m.KLP99), ""},
		{"KL, largest", n(m.KLMax), fmt.Sprintf("sequence %d, position %d", m.KLMaxAt[0], m.KLMaxAt[1])},
		{"same most likely token", human.Percent(m.Top1), fmt.Sprintf("%s, %s not excused by the allowed error", human.Plural(m.Flips, "flip"), human.Count(int64(m.Unexcused)))},
		{"same ten most likely", human.Percent(m.Top10), "overlap"},
	}
	if p := m.NonFiniteAt; p != nil {
		where := fmt.Sprintf("%s left out; the first, of %s: sequence %d, position %d, token %d", human.Plural(m.NonFinite, "position"), p.Side, p.Sequence, p.Position, p.Token)
		rows = append([]Row{{"no numbers", fmt.Sprintf("%s NaN, %s ∞", human.Count(m.NaN), human.Count(m.Inf)), where}}, rows...)
	}
	return rows
}

// Text are the scores of a text, named as llama-perplexity --kl-divergence names
// them: base is the reference, Q the candidate.
func Text(r *text.Report) []Row {
	if r == nil {
		return nil
	}
	base := Row{"Mean PPL(base)", stat(r.PerplexityRef, ""), "perplexity of the reference"}
	c := r.Comparison
	if c == nil {
		return []Row{base}
	}
	rows := []Row{
		{"Mean PPL(Q)", stat(c.PerplexityCand, ""), "perplexity of the candidate"},
		base,
		{"Cor(ln(PPL(Q)), ln(PPL(base)))", fixed(100*c.Correlation) + " %", ""},
		{"Mean ln(PPL(Q)/PPL(base))", stat(c.LnRatio, ""), ""},
		{"Mean PPL(Q)/PPL(base)", stat(c.Ratio, ""), ""},
		{"Mean PPL(Q)-PPL(base)", stat(c.Difference, ""), ""},
		{"Mean KLD", stat(c.KL, ""), "KL(base‖Q) of the predictions, nats"},
	}
	rows = append(rows, quantiles(c.KLQuantiles, "KLD", "")...)
	rows = append(rows, Row{"Mean Δp", stat(c.DeltaP, " %"), "change of the probability of the token that came"})
	rows = append(rows, quantiles(c.DeltaPQuantiles, "Δp", " %")...)
	return append(rows,
		Row{"RMS Δp", stat(c.DeltaPRMS, " %"), ""},
		Row{"Same top p", stat(c.SameTop, " %"), "the same token is the most likely"})
}

// quantiles are the rows of a distribution, the largest first.
func quantiles(q text.Quantiles, what, unit string) (rows []Row) {
	names := map[string]string{"100": "Maximum", "50": "Median", "0": "Minimum"}
	for _, percent := range text.Percents {
		v, ok := q[percent]
		if !ok {
			continue
		}
		name := names[percent]
		if name == "" {
			name = percent + "%"
		}
		rows = append(rows, Row{name + " " + what, fixed(v) + unit, ""})
	}
	return rows
}

// fixed formats with the digits that llama-perplexity gives.
func fixed(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return human.Number(x)
	}
	return fmt.Sprintf("%.6f", x)
}

// stat is a value and its standard error.
func stat(s text.Stat, unit string) string { return fixed(s.Value) + " ± " + fixed(s.Error) + unit }
