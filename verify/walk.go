package verify

import (
	"context"
	"slices"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

// walk runs models side by side, layer after layer.
//
// The base is what the candidate is compared with: the reference, or, where the
// candidate has to hold its values in other types, the reference in these. The
// candidate follows it twice, fed the base's input of each layer, and on its
// own; so does the expectation, where it is not the base.
type walk[T accel.Float] struct {
	Options
	limits
	tokens Tokens
	layers int

	base pass[T]
	ref  pass[T] // nil if base is the reference
	cand *follower[T]
	exp  *follower[T]  // of threeWay; else nil
	f64  pass[float64] // the truth; or nil

	seen    seen
	report  *Forward
	notes   []formats.Finding
	at      []metrics.At // of each row
	advance func(int64)  // bytes of weights
	size    int64        // of a layer
	head    int64        // of the head
}

// follower is a model that is run beside the base.
type follower[T accel.Float] struct {
	pass[T]
	own accel.Matrix[T] // its own stream of activations
}

// step runs a layer on both streams and returns the output for in, the base's
// input. Weights are read once for both; as long as the streams are equal there
// is only one.
func (f *follower[T]) step(ctx context.Context, l int, b forward.Batch, in accel.Matrix[T]) (accel.Matrix[T], error) {
	if slices.Equal(f.own.Data, in.Data) {
		return f.own, f.Block(ctx, l, b, f.own, nil)
	}
	both := stack(in, f.own)
	err := f.Block(ctx, l, b.Join(b), both, nil)
	f.own = both.Slice(in.Rows, both.Rows)
	return both.Slice(0, in.Rows), err
}

// followers returns the candidate, and the expectation if there is one.
func (w *walk[T]) followers() []*follower[T] {
	if w.exp == nil {
		return []*follower[T]{w.cand}
	}
	return []*follower[T]{w.cand, w.exp}
}

// passes is how many models are read.
func (w *walk[T]) passes() int64 {
	n := int64(1 + len(w.followers()))
	if w.ref != nil {
		n++
	}
	if w.f64 != nil {
		n++
	}
	return n
}

// run fills in the report.
func (w *walk[T]) run(ctx context.Context) error {
	w.advance = w.stage("forward pass", w.passes()*(int64(w.layers)*w.size+w.head))
	w.at = positions(w.tokens)
	x, ref, err := w.embed(ctx)
	if err != nil {
		return err
	}
	in := accel.NewMatrix[T](x.Rows, x.Cols)
	for l := range w.layers {
		copy(in.Data, x.Data)
		if err := w.block(ctx, l, in, x, ref); err != nil {
			return err
		}
	}
	return w.logits(ctx, x, ref)
}

// embed returns the streams of the base and of the reference.
func (w *walk[T]) embed(ctx context.Context) (x, ref accel.Matrix[T], err error) {
	if x, err = w.base.Embed(ctx, w.tokens.Batch); err != nil {
		return x, ref, err
	}
	if w.ref != nil {
		if ref, err = w.ref.Embed(ctx, w.tokens.Batch); err != nil {
			return x, ref, err
		}
	}
	own := 0.0
	for _, f := range slices.Backward(w.followers()) {
		if f.own, err = f.Embed(ctx, w.tokens.Batch); err != nil {
			return x, ref, err
		}
		if f == w.exp {
			own = metrics.Compare(x, f.own).RelRMS
		}
	}
	if !w.EndToEnd {
		w.edge(-1, embedSite, x, w.cand.own, own)
	}
	return x, ref, nil
}

// block runs layer l: x becomes its output, ref that of the reference, if it is
// another.
func (w *walk[T]) block(ctx context.Context, l int, in, x, ref accel.Matrix[T]) error {
	if err := w.base.Block(ctx, l, w.tokens.Batch, x, nil); err != nil {
		return err
	}
	if w.ref != nil {
		if err := w.ref.Block(ctx, l, w.tokens.Batch, ref, nil); err != nil {
			return err
		}
	}
	if w.EndToEnd {
		for _, f := range w.followers() {
			if err := f.Block(ctx, l, w.tokens.Batch, f.own, nil); err != nil {
				return err
			}
		}
		w.addEndToEnd(l, x)
		w.advance(w.passes() * w.size)
		return nil
	}
	floor, err := w.floor(ctx, l, in, x)
	if err != nil {
		return err
	}
	own := 0.0
	if w.exp != nil {
		local, err := w.exp.step(ctx, l, w.tokens.Batch, in)
		if err != nil {
			return err
		}
		own = metrics.Compare(x, local).RelRMS
	}
	local, err := w.cand.step(ctx, l, w.tokens.Batch, in)
	if err != nil {
		return err
	}
	w.advance(w.passes() * w.size)
	layer := w.addLayer(l, x, local, own, floor)
	if layer.OK || w.report.FirstDivergence != nil {
		return nil
	}
	return w.locate(ctx, layer, in, x, local)
}

// floor returns the error of the base in this arithmetic, if it is asked for.
func (w *walk[T]) floor(ctx context.Context, l int, in, x accel.Matrix[T]) (*float64, error) {
	if w.f64 == nil {
		return nil, nil
	}
	y := accel.NewMatrix[float64](in.Rows, in.Cols)
	for i, v := range in.Data {
		y.Data[i] = float64(v)
	}
	if err := w.f64.Block(ctx, l, w.tokens.Batch, y, nil); err != nil {
		return nil, err
	}
	e := metrics.Compare(y, x).RelRMS
	return &e, nil
}
