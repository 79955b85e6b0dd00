package text

import (
	"context"
	"unsafe"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// What the work on a group of pieces may take, besides weights: enough for the
// weights to be read slower than they are used, even from a disk.
const (
	blockMemory = 256 << 20 // activations of a block of each model
	logitMemory = 128 << 20 // logits of both models
)

// pass is what is needed of a [forward.Pass].
type pass[T accel.Float] interface {
	Embed(context.Context, forward.Batch) (accel.Matrix[T], error)
	Block(ctx context.Context, layer int, b forward.Batch, x accel.Matrix[T], tap forward.Tap[T]) error
	Norm(accel.Matrix[T]) error
	Logits(context.Context, accel.Matrix[T]) (accel.Matrix[T], error)
}

// model is a pass, and what is to be known of its size.
type model[T accel.Float] struct {
	pass[T]
	side     string
	layers   int
	vocab    int64
	context  int64
	perToken int64 // bytes of activations within a block
}

func describe[T accel.Float](p pass[T], side string, c *olmo.Config) model[T] {
	// The block's input, queries, keys, values, and what comes of them; gate and up.
	numbers := 6*c.HiddenSize + 2*c.IntermediateSize
	return model[T]{p, side, int(c.NumHiddenLayers), c.VocabSize, c.MaxPositionEmbeddings, numbers * sizeOf[T]()}
}

func sizeOf[T accel.Float]() int64 {
	var x T
	return int64(unsafe.Sizeof(x))
}

// groupSize is how many pieces go through the layers together.
func groupSize[T accel.Float](models []model[T], context int) int {
	var perToken int64
	for _, m := range models {
		perToken += m.perToken
	}
	return int(max(1, blockMemory/perToken/int64(context)))
}

// headRows is how many positions have their logits computed together.
func headRows[T accel.Float](models int, vocab int64) int {
	return int(max(1, logitMemory/(int64(models)*vocab*sizeOf[T]())))
}

// headInput runs a batch of sequences through all layers and returns what the
// head gets at positions [lo, hi) of each, sequence after sequence.
func (m model[T]) headInput(ctx context.Context, b forward.Batch, lo, hi int, advance func(int64)) (accel.Matrix[T], error) {
	x, err := m.Embed(ctx, b)
	if err != nil {
		return x, err
	}
	for l := range m.layers {
		if err := m.Block(ctx, l, b, x, nil); err != nil {
			return x, err
		}
		advance(int64(b.Tokens()))
	}
	h := accel.NewMatrix[T](len(b.Seqs)*(hi-lo), x.Cols)
	start := 0
	for i, s := range b.Seqs {
		copy(h.Slice(i*(hi-lo), (i+1)*(hi-lo)).Data, x.Slice(start+lo, start+hi).Data)
		start += len(s)
	}
	return h, m.Norm(h)
}
