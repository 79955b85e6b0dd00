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
	logitMemory = 64 << 20  // logits of both models; the garbage collector lets it double
)

// pass is what is needed of a [forward.Pass].
type pass[T accel.Float] interface {
	Embed(context.Context, forward.Batch) (accel.Matrix[T], error)
	Block(ctx context.Context, layer int, b forward.Batch, x accel.Matrix[T], tap forward.Tap[T]) error
	Norm(accel.Matrix[T]) error
	Logits(context.Context, accel.Matrix[T]) (accel.Matrix[T], error)
}

// model is a pass and its config.
type model[T accel.Float] struct {
	pass[T]
	side   string
	config *olmo.Config
}

// perToken is how many bytes of activations a token needs within a block: its
// input, queries, keys, values and what comes of them, gate and up.
func (m model[T]) perToken() int64 {
	return (6*m.config.HiddenSize + 2*m.config.IntermediateSize) * sizeOf[T]()
}

func sizeOf[T accel.Float]() int64 {
	var x T
	return int64(unsafe.Sizeof(x))
}

// groupSize is how many pieces go through the layers together.
func groupSize[T accel.Float](models []model[T], context int) int {
	var perToken int64
	for _, m := range models {
		perToken += m.perToken()
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
	for l := range int(m.config.NumHiddenLayers) {
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
