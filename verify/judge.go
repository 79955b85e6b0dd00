package verify

import (
	"maps"
	"math"
	"slices"

	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

// judge adds what the rules ask for to the checks of a report.
func (w *walk[T]) judge() {
	f := w.report
	add := func(rule, metric string, value, limit float64) {
		limit = w.limit(metric, limit)
		f.Checks = append(f.Checks, Check{rule, metric, value, limit, value <= limit})
	}
	if !w.EndToEnd {
		f.Checks = append(w.layerChecks(), f.Checks...)
	}
	add(w.rule, "non_finite_positions", float64(f.Metrics.NonFinite), 0)
	switch m := w.exactly(); {
	case w.mode == exact && w.bf16:
		b := barNamed("bf16")
		b.judge(b.name, m, add)
	case w.mode == exact:
		name := f32Rule.Name
		if w.rule == goldenRule.Name {
			name = w.rule
		}
		add(name, "centred_rel_rms", m.CentredRMS, centredLimit(w.layers))
		add(name, "max_abs_over_std", m.MaxAbsStd, maxAbsLimit)
		add(name, "kl_max", m.KLMax, klLimit)
		add(name, "unexcused_flips", unexcused(m), 0)
	case w.mode == fallback:
		w.bar.judge(w.rule, m, add)
	}
	if cost := f.Cost; cost != nil {
		add(w.rule, "rel_rms", f.Metrics.RelRMS, max(2*cost.RelRMS, centredLimit(w.layers)))
		add(w.rule, "kl_mean", f.Metrics.KLMean, max(2*cost.KLMean, klLimit))
		add(w.rule, "kl_p99", f.Metrics.KLP99, max(2*cost.KLP99, klLimit))
		add(w.rule, "max_abs_over_std", f.Metrics.MaxAbsStd, max(worstLogit*cost.MaxAbsStd, maxAbsLimit))
		add(w.rule, "kl_max", f.Metrics.KLMax, max(worstKL*cost.KLMax, klLimit))
		add(w.rule, "unexcused_flips", unexcused(f.Metrics), 0)
	}
	// A tolerance that no limit of the rule has asked for is one more.
	for _, metric := range slices.Sorted(maps.Keys(w.Tolerances)) {
		value, ok := ofLogits[metric]
		if ok && !slices.ContainsFunc(f.Checks, func(c Check) bool { return c.Metric == metric }) {
			add(w.rule, metric, value(f.Metrics), 0)
		}
	}
	if w.EndToEnd && w.mode == exact && slices.ContainsFunc(f.Checks, func(c Check) bool { return !c.OK }) {
		w.firstApart()
	}
}

// judge adds what a bar asks for by itself.
func (b *bar) judge(rule string, m *metrics.Logits, add func(rule, metric string, value, limit float64)) {
	if b.nmse > 0 {
		add(rule, "nmse", m.NMSEVar, b.nmse)
	}
	add(rule, "kl_mean", m.KLMean, b.kl)
	if b.maxStd > 0 {
		add(rule, "max_abs_over_std", m.MaxAbsStd, b.maxStd)
		add(rule, "kl_max", m.KLMax, b.klMax)
	}
}

// ofLogits are the metrics of the logits that may have limits.
var ofLogits = map[string]func(m *metrics.Logits) float64{
	"centred_rel_rms":  func(m *metrics.Logits) float64 { return m.CentredRMS },
	"max_abs_over_std": func(m *metrics.Logits) float64 { return m.MaxAbsStd },
	"kl_max":           func(m *metrics.Logits) float64 { return m.KLMax },
	"unexcused_flips":  unexcused,
	"rel_rms":          func(m *metrics.Logits) float64 { return m.RelRMS },
	"kl_mean":          func(m *metrics.Logits) float64 { return m.KLMean },
	"kl_p99":           func(m *metrics.Logits) float64 { return m.KLP99 },
	"nmse":             func(m *metrics.Logits) float64 { return m.NMSEVar },
}

// unexcused is the number of flips that are not excused; NaN where no position
// could be looked at.
func unexcused(m *metrics.Logits) float64 {
	if m.NonFinite == m.Positions {
		return math.NaN()
	}
	return float64(m.Unexcused)
}

// firstApart reports where a candidate that was only run end to end, and is not
// accepted, first leaves the reference by more than a layer may.
func (w *walk[T]) firstApart() {
	limit := w.limits.layer(0, nil)
	i := slices.IndexFunc(w.report.Layers, func(l Layer) bool { return !(l.EndToEnd <= limit) })
	if i < 0 {
		return
	}
	w.report.FirstDivergence = &Divergence{
		Layer: i, Site: string(forward.FFAdd), Metric: "end_to_end", Value: w.report.Layers[i].EndToEnd, Limit: limit,
		Hypothesis: "the comparison of single layers finds the operation",
	}
}

// exactly returns the metrics between the candidate and what it has to equal,
// or else the reference.
func (w *walk[T]) exactly() *metrics.Logits {
	if w.mode == exact && w.report.Expected != nil {
		return w.report.Expected
	}
	return w.report.Metrics
}

// layerChecks are what rules L1 and L2 say of the layer that comes closest to
// its limit, or goes furthest beyond it.
func (w *walk[T]) layerChecks() []Check {
	var l1, l2 Check
	for i, l := range w.report.Layers {
		a := Check{"L1", "local", l.Local, l.Limit, l.Local <= l.Limit && l.NonFinite == 0}
		b := Check{"L2", "worst_token", l.WorstToken, w.worstLimit(l), l.WorstToken <= w.worstLimit(l)}
		if i == 0 || nearer(a, l1) {
			l1 = a
		}
		if i == 0 || nearer(b, l2) {
			l2 = b
		}
	}
	return []Check{l1, l2}
}

// nearer reports whether a has less room below its limit than b.
func nearer(a, b Check) bool {
	if a.OK != b.OK {
		return b.OK
	}
	return margin(a.Value, a.Limit) > margin(b.Value, b.Limit)
}

// margin is a value in units of its limit.
func margin(value, limit float64) float64 {
	switch {
	case math.IsNaN(value):
		return math.Inf(1)
	case limit > 0:
		return value / limit
	case value > 0:
		return math.Inf(1)
	}
	return 0
}
