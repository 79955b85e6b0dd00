package forward

import (
	"context"
	"fmt"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Options say how a pass computes. The zero value is float32 or float64 without
// further rounding, on all cores.
type Options[T accel.Float] struct {
	Threads int
	// Budget is how many bytes of weights may be in memory; 0: 256 MiB.
	Budget int64
	// Rounding is that of the results of each operation: cpu.BF16 emulates
	// transformers' eager bfloat16 on a CPU. Weights are then rounded to it too.
	Rounding cpu.Rounding
	// Mul multiplies by weights; nil: the CPU.
	Mul accel.Multiplier[T]
}

// Pass is a model ready to be run. It is not safe for concurrent use.
type Pass[T accel.Float] struct {
	Config *olmo.Config
	// Scores has [Pass.Block] show its tap the sites [Scores] and [Probs] too. It
	// costs two more attentions, and memory for twice heads × tokens² numbers.
	Scores bool

	options Options[T]
	weights weights
	panels  *panels
	table   map[bool]table[T] // by whether the layer is a sliding one
	first   int               // position of the first row of the tables
	scratch map[Site][]T      // the memory of each site, used again in every block
}

// New returns a pass over the model. Shapes and types of all tensors are
// checked against the config here, before anything is computed.
func New[T accel.Float](m *olmo.Model, o Options[T]) (*Pass[T], error) {
	if m.Config == nil {
		return nil, fmt.Errorf("found tensors of no known model, expected a model")
	}
	if err := m.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Mul == nil {
		o.Mul = cpu.Device[T]{Threads: o.Threads}
	}
	w, err := newWeights(m, o.Rounding)
	if err != nil {
		return nil, err
	}
	p, err := newPanels(w.matrices(m.Config), o.Budget, o.Threads)
	if err != nil {
		return nil, err
	}
	return &Pass[T]{Config: m.Config, options: o, weights: w, panels: p, table: map[bool]table[T]{}, scratch: map[Site][]T{}}, nil
}

// Close ends reading ahead.
func (p *Pass[T]) Close() { p.panels.stop() }

// Embed returns the embeddings of the tokens, [tokens, hidden]. Of the table, it
// reads the rows of these.
func (p *Pass[T]) Embed(ctx context.Context, b Batch) (accel.Matrix[T], error) {
	if err := b.Check(p.Config, true); err != nil {
		return accel.Matrix[T]{}, err
	}
	x := accel.NewMatrix[T](b.Tokens(), int(p.Config.HiddenSize))
	rows := map[int32]int{} // of x, that have the embedding of a token
	i := 0
	for _, s := range b.Seqs {
		for _, id := range s {
			if err := ctx.Err(); err != nil {
				return accel.Matrix[T]{}, err
			}
			if same, ok := rows[id]; ok {
				copy(x.Row(i), x.Row(same))
			} else {
				row, err := formats.Rows(p.weights[olmo.Tied()[1]], int64(id), int64(id)+1)
				if err != nil {
					return accel.Matrix[T]{}, err
				}
				e, err := vector[T](row)
				if err != nil {
					return accel.Matrix[T]{}, err
				}
				copy(x.Row(i), e)
				rows[id] = i
			}
			i++
		}
	}
	return x, nil
}

// Block replaces x, the input of layer l, by its output. It leaves behind, being
// read, the first weights of what comes next in the model. After an error x is
// of no use.
func (p *Pass[T]) Block(ctx context.Context, l int, b Batch, x accel.Matrix[T], tap Tap[T]) error {
	if err := b.Check(p.Config, true); err != nil {
		return err
	}
	if l < 0 || int64(l) >= p.Config.NumHiddenLayers {
		return fmt.Errorf("found layer %d, expected 0 to %d", l, p.Config.NumHiddenLayers-1)
	}
	if err := p.check(x, b.Tokens()); err != nil {
		return err
	}
	r := &block[T]{Pass: p, ctx: ctx, layer: l, batch: b, tap: tap}
	if p.Config.ModelType == olmo.OLMo1 {
		r.olmo1(x)
	} else {
		r.olmo2(x)
	}
	return r.err
}

// Norm replaces x, the output of the last layer, by the input of the head.
func (p *Pass[T]) Norm(x accel.Matrix[T]) error {
	if err := p.check(x, x.Rows); err != nil {
		return err
	}
	if p.Config.ModelType == olmo.OLMo1 {
		cpu.LayerNorm(p.options.Threads, x, x, layerNormEps, p.options.Rounding)
		return nil
	}
	return p.rmsNorm(x, finalNorm)
}

// Logits returns the logits [x.Rows, vocab] for rows of the head's input. Callers
// bound memory by the number of rows that they ask for at a time.
func (p *Pass[T]) Logits(ctx context.Context, x accel.Matrix[T]) (accel.Matrix[T], error) {
	if err := p.check(x, x.Rows); err != nil {
		return accel.Matrix[T]{}, err
	}
	if most := maxActivations / p.Config.VocabSize; int64(x.Rows) > most {
		return accel.Matrix[T]{}, fmt.Errorf("found %d rows, expected at most %d at a time for logits of %d numbers", x.Rows, most, p.Config.VocabSize)
	}
	y := accel.NewMatrix[T](x.Rows, int(p.Config.VocabSize))
	err := p.multiply(ctx, y, x, matrixAt(int(p.Config.NumHiddenLayers), QProj))
	return y, err
}

// check returns an error unless x has a row of the model's width for each of so
// many tokens.
func (p *Pass[T]) check(x accel.Matrix[T], tokens int) error {
	if x.Rows != tokens || int64(x.Cols) != p.Config.HiddenSize || len(x.Data) != x.Rows*x.Cols {
		return fmt.Errorf("found activations [%d %d], expected [%d %d]", x.Rows, x.Cols, tokens, p.Config.HiddenSize)
	}
	return nil
}
