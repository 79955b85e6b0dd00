package verify

import (
	"context"
	"math"

	"olmotool/accel"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

// locate finds the operation of a layer in which the candidate goes wrong: both
// run the layer once more, and every operation of the candidate is fed what the
// base has. in is the layer's input, x and local are the outputs.
func (w *walk[T]) locate(ctx context.Context, layer Layer, in, x, local accel.Matrix[T]) error {
	base := map[forward.Site]accel.Matrix[T]{}
	err := w.base.Block(ctx, layer.Layer, w.tokens.Batch, clone(in), func(s forward.Site, y accel.Matrix[T]) error {
		base[s] = clone(y)
		return nil
	})
	if err != nil {
		return err
	}
	own := map[forward.Site]float64{}
	if w.exp != nil {
		err := w.replay(ctx, w.exp, layer.Layer, in, base, func(s forward.Site, want, y accel.Matrix[T]) {
			own[s] = metrics.Compare(want, y).RelRMS
		})
		if err != nil {
			return err
		}
	}
	d := Divergence{Layer: layer.Layer, Site: string(forward.FFAdd), Metric: "local", Value: layer.Local, Limit: layer.Limit}
	if layer.Local <= layer.Limit {
		d.Metric, d.Value, d.Limit = "worst_token", layer.WorstToken, w.worstLimit(layer)
	}
	found := false
	err = w.replay(ctx, w.cand, layer.Layer, in, base, func(s forward.Site, want, y accel.Matrix[T]) {
		limit := w.site(s, own[s])
		e := metrics.Activations{RelRMS: math.NaN(), FirstNonFinite: -1}
		if want.Rows == y.Rows && want.Cols == y.Cols {
			e = metrics.Compare(want, y)
		}
		site := SiteError{string(s), e.RelRMS, limit, e.RelRMS <= limit && e.Worst <= worstFactor*limit && e.NonFinite == 0}
		w.report.Sites = append(w.report.Sites, site)
		if site.OK || found {
			return
		}
		found = true
		d.Site, d.Value, d.Limit = string(s), e.RelRMS, limit
		if d.Metric == "worst_token" {
			d.Value, d.Limit = e.Worst, worstFactor*limit
		}
		if want.Cols == y.Cols {
			w.diverge(d, want, y, w.at)
			return
		}
		d.Hypothesis, d.Shape = w.seen.hypothesis(d, profile{})
		w.report.FirstDivergence = &d
	})
	if err == nil && !found {
		w.diverge(d, x, local, w.at)
	}
	return err
}

// replay runs a layer with the inputs of every operation replaced by the base's,
// and shows each result beside the base's before that takes its place.
func (w *walk[T]) replay(ctx context.Context, p pass[T], l int, in accel.Matrix[T], base map[forward.Site]accel.Matrix[T], show func(s forward.Site, want, y accel.Matrix[T])) error {
	return p.Block(ctx, l, w.tokens.Batch, clone(in), func(s forward.Site, y accel.Matrix[T]) error {
		want, ok := base[s]
		if !ok { // a model of another type
			return nil
		}
		show(s, want, y)
		if len(want.Data) == len(y.Data) {
			copy(y.Data, want.Data)
		}
		return nil
	})
}

// profile is how an error is distributed.
type profile struct {
	first            int       // the position of the first
	positions, heads []float64 // heads is nil where there are none
	channels         []float64
	limit            float64
}

// profile measures the error of a site.
func (w *walk[T]) profile(s forward.Site, ref, cand accel.Matrix[T], at []metrics.At) profile {
	p := profile{first: w.tokens.First}
	longest := 0
	for _, seq := range w.tokens.Seqs {
		longest = max(longest, len(seq))
	}
	p.positions = metrics.Grouped(ref, cand, longest, func(row, _ int) int { return at[row].Position - p.first })
	p.channels = metrics.Grouped(ref, cand, ref.Cols, func(_, col int) int { return col })
	width := int(w.c.HeadDim)
	switch s {
	case forward.QProj, forward.KProj, forward.VProj, forward.QNorm, forward.KNorm, forward.QRope, forward.KRope, forward.Attn:
		p.heads = metrics.Grouped(ref, cand, ref.Cols/width, func(_, col int) int { return col / width })
	}
	return p
}
