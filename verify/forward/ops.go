package forward

import (
	"context"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats/olmo"
)

// layerNormEps is ε of OLMo 1's norms, which its code has as a constant.
const layerNormEps = 1e-5

// block runs one layer. Its operations are called in the order of the
// computation, each with results of those before, and show theirs to the tap.
// After an error they do nothing.
//
// They compute in place where they can: what rotate returns is what linear
// returned.
type block[T accel.Float] struct {
	*Pass[T]
	ctx   context.Context
	layer int
	batch Batch
	tap   Tap[T]
	err   error
}

// do computes a result and shows it.
func (b *block[T]) do(s Site, x accel.Matrix[T], compute func() error) accel.Matrix[T] {
	if b.err == nil {
		b.err = b.ctx.Err()
	}
	if b.err == nil {
		b.err = compute()
	}
	if b.err == nil && b.tap != nil {
		b.err = b.tap(s, x)
	}
	return x
}

// linear is x·Wᵀ.
func (b *block[T]) linear(s Site, x accel.Matrix[T]) accel.Matrix[T] {
	return b.product(s, x, nil)
}

// clipped is x·Wᵀ, its elements limited to clip_qkv if the model has that.
func (b *block[T]) clipped(s Site, x accel.Matrix[T]) accel.Matrix[T] {
	return b.product(s, x, b.Config.ClipQKV)
}

func (b *block[T]) product(s Site, x accel.Matrix[T], limit *float64) accel.Matrix[T] {
	m := matrixAt(b.layer, s)
	y := b.memory(s, x.Rows, int(b.panels.matrices[m].Shape[0]))
	return b.do(s, y, func() error {
		err := b.multiply(b.ctx, y, x, m)
		if err == nil && limit != nil {
			cpu.Clip(b.options.Threads, y, *limit, b.options.Rounding)
		}
		return err
	})
}

// norm replaces x by its RMSNorm.
func (b *block[T]) norm(s Site, x accel.Matrix[T]) accel.Matrix[T] {
	return b.do(s, x, func() error { return b.rmsNorm(x, layerTensor(b.layer, s)) })
}

// layerNorm is the norm of OLMo 1.
func (b *block[T]) layerNorm(s Site, x accel.Matrix[T]) accel.Matrix[T] {
	y := b.memory(InputNorm, x.Rows, x.Cols)
	return b.do(s, y, func() error {
		cpu.LayerNorm(b.options.Threads, y, x, layerNormEps, b.options.Rounding)
		return nil
	})
}

// rotate turns the heads of x by their positions.
func (b *block[T]) rotate(s Site, x accel.Matrix[T]) accel.Matrix[T] {
	return b.do(s, x, func() error {
		heads := x.Cols / int(b.Config.HeadDim)
		t := b.rope(b.layer, b.batch)
		cpu.Rotate(b.options.Threads, x, heads, t.cos, t.sin, b.batch.places(), b.options.Rounding)
		return nil
	})
}

// attention is softmax(q·kᵀ/√d)·v of each head of each sequence. It takes the
// place of q.
func (b *block[T]) attention(s Site, q, k, v accel.Matrix[T]) accel.Matrix[T] {
	return b.do(s, q, func() error {
		o := cpu.AttentionOptions[T]{
			Heads: int(b.Config.NumAttentionHeads), KVHeads: int(b.Config.NumKeyValueHeads),
			Window: window(b.Config, b.layer), Rounding: b.options.Rounding,
		}
		lo := 0
		for _, seq := range b.batch.Seqs {
			hi := lo + len(seq)
			q, k, v, o := q.Slice(lo, hi), k.Slice(lo, hi), v.Slice(lo, hi), o
			if b.Scores && b.tap != nil {
				var err error
				if o, err = b.show(q, k, v, o); err != nil {
					return err
				}
			}
			cpu.Attention(b.options.Threads, q, q, k, v, o)
			lo = hi
		}
		return nil
	})
}

// swiglu is silu(gate) ⊙ up. It takes the place of gate.
func (b *block[T]) swiglu(s Site, gate, up accel.Matrix[T]) accel.Matrix[T] {
	return b.do(s, gate, func() error {
		cpu.SwiGLU(b.options.Threads, gate, gate, up, b.options.Rounding)
		return nil
	})
}

// add adds y to the residual stream x.
func (b *block[T]) add(s Site, x, y accel.Matrix[T]) accel.Matrix[T] {
	return b.do(s, x, func() error {
		cpu.Add(b.options.Threads, x, y, b.options.Rounding)
		return nil
	})
}

// multiply sets y to the product of x and the transpose of matrix m.
func (p *Pass[T]) multiply(ctx context.Context, y, x accel.Matrix[T], m int) error {
	err := p.panels.each(ctx, m, func(at int, w accel.Weight) error {
		return p.options.Mul.MatMul(y, at, x, w)
	})
	if err == nil {
		cpu.Round(y.Data, p.options.Rounding)
	}
	return err
}

// rmsNorm replaces x by its RMSNorm, the weights of which are in a tensor.
func (p *Pass[T]) rmsNorm(x accel.Matrix[T], tensor string) error {
	w, err := vector[T](p.weights[tensor])
	if err != nil {
		return err
	}
	cpu.RMSNorm(p.options.Threads, x, x, w, p.Config.RMSNormEps, cpu.MultiplyThenCast, p.options.Rounding)
	return nil
}

// memory returns a matrix for the result of a site; what was in it is lost.
func (p *Pass[T]) memory(s Site, rows, cols int) accel.Matrix[T] {
	if n := rows * cols; cap(p.scratch[s]) < n {
		p.scratch[s] = make([]T, n)
	}
	return accel.Matrix[T]{Rows: rows, Cols: cols, Data: p.scratch[s][:rows*cols]}
}

// sliding reports whether a layer sees the last tokens only.
func sliding(c *olmo.Config, layer int) bool {
	return c.ModelType == olmo.OLMo3 && c.LayerTypes[layer] == olmo.SlidingAttention
}

// window returns how many tokens a query of a layer sees; 0: all.
func window(c *olmo.Config, layer int) int {
	if sliding(c, layer) {
		return int(c.SlidingWindow)
	}
	return 0
}
