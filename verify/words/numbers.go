package words

import (
	"fmt"
	"math"

	"olmotool/internal/human"
	"olmotool/verify/metrics"
	"olmotool/verify/text"
)

// Logits are the metrics of the logits, from the telling to the particular.
func Logits(m *metrics.Logits) []Row {
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
		{"same most likely token", Percent(m.Top1), fmt.Sprintf("%s, %s not excused by the allowed error", Plural(m.Flips, "flip"), human.Count(int64(m.Unexcused)))},
		{"same ten most likely", Percent(m.Top10), "overlap"},
	}
	if p := m.NonFiniteAt; p != nil {
		where := fmt.Sprintf("%s without them; the first of %s: sequence %d, position %d, token %d", Plural(m.Positions, "position"), p.Side, p.Sequence, p.Position, p.Token)
		rows = append([]Row{{"no numbers", fmt.Sprintf("%s NaN, %s ∞", human.Count(m.NaN), human.Count(m.Inf)), where}}, rows...)
	}
	return rows
}

// Text are the scores of a text, as llama-perplexity --kl-divergence has them.
func Text(r *text.Report) []Row {
	if r == nil {
		return nil
	}
	rows := []Row{{"perplexity of ref", stat(r.PerplexityRef, human.Number), ""}}
	c := r.Comparison
	if c == nil {
		return rows
	}
	fixed := func(x float64) string {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return human.Number(x)
		}
		return fmt.Sprintf("%.6f", x)
	}
	rows = []Row{
		{"perplexity of ref", stat(r.PerplexityRef, fixed), "Mean PPL(base)"},
		{"perplexity of cand", stat(c.PerplexityCand, fixed), "Mean PPL(Q)"},
		{"correlation", percent(100 * c.Correlation), "Cor(ln(PPL(Q)), ln(PPL(base)))"},
		{"ln of the ratio", stat(c.LnRatio, fixed), "Mean ln(PPL(Q)/PPL(base))"},
		{"ratio", stat(c.Ratio, fixed), "Mean PPL(Q)/PPL(base)"},
		{"difference", stat(c.Difference, fixed), "Mean PPL(Q)-PPL(base)"},
		{"KL, mean", stat(c.KL, fixed), "Mean KLD, nats"},
		{"KL, largest", fixed(c.KLMax), "Maximum KLD"},
	}
	for _, q := range []string{"99.9", "99", "50", "10", "5", "1", "0"} {
		if v, ok := c.KLQuantiles[q]; ok {
			rows = append(rows, Row{"KL, " + q + " %", fixed(v), "of positions have no larger one"})
		}
	}
	rows = append(rows,
		Row{"Δp, mean", stat(c.DeltaP, fixed) + " %", "Mean Δp: change of the probability of the token that came"},
		Row{"Δp, RMS", stat(c.DeltaPRMS, fixed) + " %", "RMS Δp"})
	for _, q := range text.Percents {
		if v, ok := c.DeltaPQuantiles[q]; ok {
			rows = append(rows, Row{"Δp, " + q + " %", fixed(v) + " %", "of positions have no larger one"})
		}
	}
	return append(rows, Row{"same most likely token", stat(c.SameTop, fixed) + " %", "Same top p"})
}

// stat is a value and its standard error.
func stat(s text.Stat, format func(float64) string) string {
	return format(s.Value) + " ± " + format(s.Error)
}
