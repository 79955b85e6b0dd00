package verify

import (
	"fmt"
	"math"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

// addLayer reports on a layer: x is the base's output, local the candidate's for
// the same input, own the error of the expectation.
func (w *walk[T]) addLayer(l int, x, local accel.Matrix[T], own float64, floor *float64) Layer {
	e := metrics.Compare(x, local)
	layer := Layer{
		Layer: l, Local: e.RelRMS, Limit: w.limit("local", w.limits.layer(own, floor)), Floor: floor,
		WorstToken: e.Worst, WorstSequence: w.at[e.WorstRow].Sequence, WorstPosition: w.at[e.WorstRow].Position,
		EndToEnd: metrics.Compare(x, w.cand.own).RelRMS, NonFinite: e.NonFinite,
	}
	layer.OK = layer.Local <= layer.Limit && layer.WorstToken <= w.worstLimit(layer) && layer.NonFinite == 0
	if floor != nil && layer.OK && layer.Local > 3**floor {
		w.notes = append(w.notes, formats.Finding{
			Severity: formats.Warning, Code: "above-floor", Where: fmt.Sprintf("layer %d", l),
			Message: fmt.Sprintf("the error is %.3g, more than three times the floor of float32, %.3g", layer.Local, *floor),
		})
	}
	w.report.Layers = append(w.report.Layers, layer)
	return layer
}

// addEndToEnd reports on a layer of which nothing else is known.
func (w *walk[T]) addEndToEnd(l int, x accel.Matrix[T]) {
	e := metrics.Compare(x, w.cand.own)
	nan := math.NaN()
	w.report.Layers = append(w.report.Layers, Layer{
		Layer: l, Local: nan, Limit: nan, WorstToken: nan, EndToEnd: e.RelRMS, NonFinite: e.NonFinite, OK: e.NonFinite == 0,
	})
}

// worstLimit is the limit of one position of a layer.
func (w *walk[T]) worstLimit(l Layer) float64 { return w.limit("worst_token", worstFactor*l.Limit) }

// edge checks an operation outside of the layers.
func (w *walk[T]) edge(layer int, s forward.Site, ref, cand accel.Matrix[T], own float64) {
	e := metrics.Compare(ref, cand)
	limit := w.site(s, own)
	c := Check{Rule: "L1", Metric: string(s), Value: e.RelRMS, Limit: limit, OK: e.RelRMS <= limit && e.NonFinite == 0}
	w.report.Checks = append(w.report.Checks, c)
	if c.OK || w.report.FirstDivergence != nil {
		return
	}
	w.diverge(Divergence{Layer: layer, Site: string(s), Metric: "local", Value: e.RelRMS, Limit: limit}, ref, cand, w.at)
}

// diverge reports where the candidate first goes wrong: what the base and the
// candidate have there for the same input, at these positions.
func (w *walk[T]) diverge(d Divergence, ref, cand accel.Matrix[T], at []metrics.At) {
	if e := metrics.Compare(ref, cand); e.NonFinite > 0 {
		d.Metric, d.Value, d.Limit = "non_finite", float64(e.NonFinite), 0
		who := "candidate"
		if d.OfRef = metrics.Compare(ref, ref).NonFinite > 0; d.OfRef {
			who = "reference itself"
		}
		d.Hypothesis = fmt.Sprintf("the %s computes a NaN or an infinity, first in sequence %d, position %d", who, at[e.FirstNonFinite].Sequence, at[e.FirstNonFinite].Position)
		d.Shape = d.Hypothesis
		w.report.FirstDivergence = &d
		return
	}
	p := w.profile(forward.Site(d.Site), ref, cand, at)
	w.report.Positions, w.report.Heads = p.positions, p.heads
	d.Hypothesis, d.Shape = w.seen.hypothesis(d, p)
	w.report.FirstDivergence = &d
}
