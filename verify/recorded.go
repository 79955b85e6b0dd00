package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/internal/human"
	"olmotool/verify/faults"
	"olmotool/verify/forward"
)

// recorded is a model whose streams of activations are known: what it would
// compute once more is looked up.
type recorded[T accel.Float] struct {
	pass[T]
	streams []accel.Matrix[T] // the input of each layer, and the output of the last
	heads   []heads[T]        // as many as there is room for
}

// heads is the input of the head for some rows, and the logits.
type heads[T accel.Float] struct{ x, y accel.Matrix[T] }

// maxRecorded is how many bytes of activations may be kept: of the largest model
// those of 256 tokens.
const maxRecorded = 400 << 20

// newRecorded runs the reference and keeps what each layer computes.
func newRecorded[T accel.Float](ctx context.Context, v *verification) (*recorded[T], error) {
	var zero T
	layers := int(v.ref.Config.NumHiddenLayers)
	row := v.ref.Config.HiddenSize * int64(layers+1) * int64(unsafe.Sizeof(zero))
	if n := int64(v.tokens.Tokens()); n > maxRecorded/row {
		return nil, usageErrorf("self-test: found %d tokens, for which %s of activations have to be kept, expected at most %d tokens, or fewer layers",
			n, human.Bytes(n*row), maxRecorded/row)
	}
	p, err := newPass[T](v.ref, v.Options, 2)
	if err != nil {
		return nil, err
	}
	r := &recorded[T]{pass: p}
	x, err := p.Embed(ctx, v.tokens.Batch)
	for l := 0; err == nil; l++ {
		r.streams = append(r.streams, clone(x))
		if l == layers {
			return r, nil
		}
		err = p.Block(ctx, l, v.tokens.Batch, x, nil)
	}
	p.Close()
	return nil, err
}

func (r *recorded[T]) Embed(context.Context, forward.Batch) (accel.Matrix[T], error) {
	return clone(r.streams[0]), nil
}

// Block looks the output up, unless it is the intermediate results that are
// wanted.
func (r *recorded[T]) Block(ctx context.Context, l int, b forward.Batch, x accel.Matrix[T], tap forward.Tap[T]) error {
	if tap != nil || !slices.Equal(x.Data, r.streams[l].Data) {
		return r.pass.Block(ctx, l, b, x, tap)
	}
	copy(x.Data, r.streams[l+1].Data)
	return nil
}

// Logits looks the logits up.
func (r *recorded[T]) Logits(ctx context.Context, x accel.Matrix[T]) (accel.Matrix[T], error) {
	if y, ok := r.known(x); ok {
		return y, nil
	}
	y, err := r.pass.Logits(ctx, x)
	kept := int64(len(r.heads)+1) * int64(len(y.Data)) * int64(unsafe.Sizeof(y.Data[0]))
	if err == nil && kept <= logitsBytes {
		r.heads = append(r.heads, heads[T]{clone(x), y})
	}
	return y, err
}

func (r *recorded[T]) known(x accel.Matrix[T]) (accel.Matrix[T], bool) {
	i := slices.IndexFunc(r.heads, func(h heads[T]) bool { return slices.Equal(h.x.Data, x.Data) })
	if i < 0 {
		return accel.Matrix[T]{}, false
	}
	return r.heads[i].y, true
}

// altered is a model that shares its first layers, and perhaps its head, with a
// recorded one.
type altered[T accel.Float] struct {
	pass[T]
	clean *recorded[T]
	same  int  // how many layers
	head  bool // the head is the same
}

// Logits computes only for those rows for which the recorded model has not.
func (a *altered[T]) Logits(ctx context.Context, x accel.Matrix[T]) (accel.Matrix[T], error) {
	first := x.Slice(0, x.Rows/2)
	known, ok := a.clean.known(first)
	if !ok || !a.head {
		return a.pass.Logits(ctx, x)
	}
	y, err := a.pass.Logits(ctx, x.Slice(first.Rows, x.Rows))
	if err != nil {
		return y, err
	}
	return stack(known, y), nil
}

func (a *altered[T]) Block(ctx context.Context, l int, b forward.Batch, x accel.Matrix[T], tap forward.Tap[T]) error {
	if l < a.same {
		return a.clean.Block(ctx, l, b, x, tap)
	}
	return a.pass.Block(ctx, l, b, x, tap)
}

// faulty returns the comparison of a faulty model with the recorded one. It must
// not know what the weights look like.
func (r *recorded[T]) faulty(v *verification, f faults.Fault, m *olmo.Model) (*walk[T], error) {
	p, err := newPass[T](m, v.Options, 2)
	if err != nil {
		return nil, err
	}
	return &walk[T]{
		Options: v.Options, tokens: v.tokens, layers: int(m.Config.NumHiddenLayers),
		limits: limits{mode: exact, rule: "f32", bf16: v.Arithmetic == "bf16", c: v.ref.Config, tokens: v.tokens.Tokens()},
		base:   r, cand: &follower[T]{pass: &altered[T]{p, r, sharedLayers(f, m), sharedHead(f)}},
		seen:    seen{window: window(v.ref.Config, m.Config)},
		report:  &Forward{LayersRun: int(m.Config.NumHiddenLayers)},
		advance: func(int64) {},
	}, nil
}

// sharedLayers returns how many layers come before the first that a fault
// changes: none if it is in the config.
func sharedLayers(f faults.Fault, m *olmo.Model) int {
	first := int(m.Config.NumHiddenLayers)
	if !f.Weights {
		return 0
	}
	for _, name := range f.Tensors {
		var l int
		if _, err := fmt.Sscanf(name, "model.layers.%d.", &l); err != nil {
			return 0
		}
		first = min(first, l)
	}
	return first
}

// sharedHead reports whether a fault leaves the head what it is.
func sharedHead(f faults.Fault) bool {
	return !slices.ContainsFunc(f.Tensors, func(name string) bool { return !strings.HasPrefix(name, "model.layers.") })
}
