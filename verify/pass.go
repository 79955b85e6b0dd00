package verify

import (
	"context"
	"strings"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// pass is what is needed of a [forward.Pass].
type pass[T accel.Float] interface {
	Embed(context.Context, forward.Batch) (accel.Matrix[T], error)
	Block(ctx context.Context, layer int, b forward.Batch, x accel.Matrix[T], tap forward.Tap[T]) error
	Norm(accel.Matrix[T]) error
	Logits(context.Context, accel.Matrix[T]) (accel.Matrix[T], error)
	Close()
}

// defaultBudget is how many bytes of weights all passes of a run may hold: enough
// for three models with reading ahead, and little enough for a run over the
// largest, with as much garbage, to stay well below 1 GB.
const defaultBudget = 192 << 20

// newPass returns a pass over a model, one of n at a time.
func newPass[T accel.Float](m *olmo.Model, o Options, n int64) (*forward.Pass[T], error) {
	budget := o.Budget
	if budget <= 0 {
		budget = defaultBudget
	}
	p := forward.Options[T]{Threads: o.Threads, Budget: budget / n}
	if o.Arithmetic == "bf16" {
		p.Rounding = cpu.BF16
	}
	return forward.New(m, p)
}

// layers returns how many layers of a model are run.
func (o Options) layers(c *olmo.Config) int {
	if n := int(c.NumHiddenLayers); o.Layers <= 0 || o.Layers > n {
		return n
	}
	return o.Layers
}

// layerBytes returns the average size of a layer, by which progress is told.
func layerBytes(m *olmo.Model) int64 {
	var n int64
	for _, t := range m.Tensors {
		if strings.HasPrefix(t.Name, "model.layers.") {
			n += t.Bytes()
		}
	}
	return n / max(1, m.Config.NumHiddenLayers)
}

// headBytes returns the size of what follows the layers.
func headBytes(m *olmo.Model) int64 {
	for i := len(m.Tensors) - 1; i >= 0; i-- { // the embedding, if the head is tied
		if t := m.Tensors[i]; t.Name == olmo.Tied()[0] || t.Name == olmo.Tied()[1] {
			return t.Bytes()
		}
	}
	return 0
}

// blocks cuts n > 0 rows of so many bytes each into runs, as even as can be, none of
// them larger than most, and returns their length.
func blocks(n int, row, most int64) (rows int) {
	fit := max(1, int(most/row))
	runs := (n + fit - 1) / fit
	return (n + runs - 1) / runs
}

// clone returns a copy of a matrix.
func clone[T accel.Float](m accel.Matrix[T]) accel.Matrix[T] {
	c := accel.NewMatrix[T](m.Rows, m.Cols)
	copy(c.Data, m.Data)
	return c
}

// stack returns the rows of both.
func stack[T accel.Float](a, b accel.Matrix[T]) accel.Matrix[T] {
	s := accel.NewMatrix[T](a.Rows+b.Rows, a.Cols)
	copy(s.Data, a.Data)
	copy(s.Data[len(a.Data):], b.Data)
	return s
}

// modelOf returns the model of a source, which must be one.
func modelOf(s *olmo.Source) (*olmo.Model, error) {
	m, err := s.Model()
	if err == nil && m.Config == nil {
		err = formats.Errorf(s.Path, "", "found no config beside the tensors, expected a model")
	}
	return m, err
}
