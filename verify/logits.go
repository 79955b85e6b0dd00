package verify

import (
	"context"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/verify/metrics"
)

// logitsBytes is how many bytes of logits, of all models together, are in memory
// at a time. Tests cut finer.
var logitsBytes int64 = 128 << 20

// logits runs what follows the layers: x is the output of the base's last layer,
// ref that of the reference, if it is another.
func (w *walk[T]) logits(ctx context.Context, x, ref accel.Matrix[T]) error {
	if err := w.norms(x, ref); err != nil {
		return err
	}
	vocab := int(w.c.VocabSize)
	e := &ends[T]{walk: w, whole: metrics.NewAccumulator(vocab, w.Threads)}
	if w.ref != nil || w.exp != nil {
		e.expected, e.cost = metrics.NewAccumulator(vocab, w.Threads), metrics.NewAccumulator(vocab, w.Threads)
	}
	var zero T
	row := w.c.VocabSize * int64(unsafe.Sizeof(zero)) * 2 * w.passes()
	rows := blocks(x.Rows, row, logitsBytes)
	for lo := 0; lo < x.Rows; lo += rows {
		hi := min(lo+rows, x.Rows)
		r := ref
		if w.ref != nil {
			r = ref.Slice(lo, hi)
		}
		if err := e.add(ctx, lo, x.Slice(lo, hi), r); err != nil {
			return err
		}
		w.advance(w.passes() * w.head * int64(hi-lo) / int64(x.Rows))
		dropLarge(w.c)
	}
	if !w.EndToEnd {
		w.report.Checks = append(w.report.Checks, Check{
			"L1", string(headSite), e.local.RelRMS, e.limit, e.local.RelRMS <= e.limit && e.local.NonFinite == 0,
		})
	}
	e.finish()
	return nil
}

// dropLarge collects what is not needed any more, where that is large: matrices of
// logits are few and die soon, and waiting until as much again has piled up would
// double the memory of a run. There are no pointers in them to follow.
func dropLarge(c *olmo.Config) {
	if c.VocabSize > 1<<14 {
		runtime.GC()
	}
}

// norms turns all streams into the input of the head.
func (w *walk[T]) norms(x, ref accel.Matrix[T]) error {
	local, own := clone(x), 0.0
	expLocal := accel.Matrix[T]{}
	if w.exp != nil {
		expLocal = clone(x)
	}
	if err := w.base.Norm(x); err != nil {
		return err
	}
	if w.ref != nil {
		if err := w.ref.Norm(ref); err != nil {
			return err
		}
	}
	if w.exp != nil {
		if err := w.exp.Norm(expLocal); err != nil {
			return err
		}
		own = metrics.Compare(x, expLocal).RelRMS
	}
	if err := w.cand.Norm(local); err != nil {
		return err
	}
	if !w.EndToEnd {
		w.edge(w.layers, normSite, x, local, own)
	}
	for _, f := range w.followers() {
		if err := f.Norm(f.own); err != nil {
			return err
		}
	}
	return nil
}

// ends compares the logits.
type ends[T accel.Float] struct {
	*walk[T]
	// whole is candidate and reference, expected candidate and expectation, cost
	// expectation and reference; the latter are nil if there is none.
	whole, expected, cost *metrics.Accumulator
	// local is the error of the head for the base's input, in runs of rows of
	// which limit is the widest limit.
	local metrics.Activations
	limit float64
}

// add compares the logits of rows from lo on: x is the head's input of the base,
// ref that of the reference.
func (e *ends[T]) add(ctx context.Context, lo int, x, ref accel.Matrix[T]) error {
	at := e.at[lo : lo+x.Rows]
	base, err := e.base.Logits(ctx, x)
	if err != nil {
		return err
	}
	refLogits, expected := base, base
	if e.ref != nil {
		if refLogits, err = e.ref.Logits(ctx, ref); err != nil {
			return err
		}
	}
	own := 0.0
	if e.exp != nil {
		var local accel.Matrix[T]
		if local, expected, err = e.exp.head(ctx, x, lo, e.EndToEnd); err != nil {
			return err
		}
		own = metrics.Compare(base, local).RelRMS
	}
	local, cand, err := e.cand.head(ctx, x, lo, e.EndToEnd)
	if err != nil {
		return err
	}
	if !e.EndToEnd {
		e.checkHead(base, local, at, own)
	}
	if err := metrics.Add(e.whole, refLogits, cand, at); err != nil || e.expected == nil {
		return err
	}
	if err := metrics.Add(e.expected, expected, cand, at); err != nil {
		return err
	}
	return metrics.Add(e.cost, refLogits, expected, at)
}

// head returns the logits for rows of the base's input, and for as many of its
// own from row lo on.
func (f *follower[T]) head(ctx context.Context, in accel.Matrix[T], lo int, alone bool) (local, own accel.Matrix[T], err error) {
	x := f.own.Slice(lo, lo+in.Rows)
	if alone || slices.Equal(x.Data, in.Data) {
		own, err = f.Logits(ctx, x)
		return own, own, err
	}
	both, err := f.Logits(ctx, stack(in, x))
	if err != nil {
		return local, own, err
	}
	return both.Slice(0, in.Rows), both.Slice(in.Rows, both.Rows), nil
}

// checkHead compares the logits that the candidate has for the base's input.
func (e *ends[T]) checkHead(base, local accel.Matrix[T], at []metrics.At, own float64) {
	here, limit := metrics.Compare(base, local), e.site(headSite, own)
	e.local.Append(here)
	e.limit = max(e.limit, limit)
	if here.RelRMS <= limit && here.NonFinite == 0 || e.report.FirstDivergence != nil {
		return
	}
	e.diverge(Divergence{Layer: e.layers, Site: string(headSite), Metric: "local", Value: here.RelRMS, Limit: limit}, base, local, at)
}

// finish puts the metrics into the report.
func (e *ends[T]) finish() {
	f := e.report
	if e.cost == nil {
		f.Metrics = e.whole.Logits(e.allowed(nil))
		return
	}
	f.Metrics = e.whole.Logits(e.allowed(e.cost.Rows()))
	f.Expected = e.expected.Logits(e.allowed(nil))
	f.Cost = e.cost.Logits(e.allowed(nil))
}

// allowed is the error that the logits of a position may have, by which another
// choice of the most likely token is excused: twice what the types cost there, if
// that was measured; else as much as the rule allows a logit. Where it has no
// limit anything is, unless flips are what a tolerance asks for.
func (w *walk[T]) allowed(cost []metrics.Row) func(i int, r metrics.Row) float64 {
	share := w.Options.limit("max_abs_over_std", w.maxStd())
	return func(i int, r metrics.Row) float64 {
		switch {
		case cost != nil:
			return 2 * cost[i].MaxAbs
		case !math.IsInf(share, 1):
			return share * r.Std
		}
		return share
	}
}

// maxStd is how far a logit may be off where the types' cost was not measured, in
// standard deviations of its row.
func (w *walk[T]) maxStd() float64 {
	b := w.bar
	switch {
	case w.mode == exact && !w.bf16:
		return maxAbsLimit
	case w.mode == exact:
		b = barNamed("bf16")
	}
	if b != nil && b.maxStd > 0 {
		return b.maxStd
	}
	if _, asked := w.Tolerances["unexcused_flips"]; asked {
		return 0
	}
	return math.Inf(1)
}
