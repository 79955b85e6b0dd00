package soup

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Limits of what methods compute with.
const (
	// blockLen is how many elements a pass over tensors reads at a time. What is
	// summed over a tensor is summed over blocks, and these in their order.
	blockLen = 1 << 16
	// scanMemory bounds what the readers of a pass hold together, in bytes: there
	// are as many as threads, unless that many hold more.
	scanMemory = 64 << 20
	// A sample has one element in so many, within bounds: sorting it must not take
	// long.
	sampled, leastSample, mostSample = 256, 4096, 32768
	// maxRow bounds the rows, and the number of columns, of which methods hold some
	// of each model; the longest row of the releases has 27648 elements.
	maxRow = 1 << 20
	// maxRows bounds the rows of which there is something to remember; of the
	// releases, a vocabulary of 100352 has most.
	maxRows = 1 << 22
	// maxElement bounds the elements: sums of products of two of them, and with a
	// parameter, are far from where a float64 ends. Only F64 has larger ones.
	maxElement = 0x1p500
	// maxParam bounds the parameters for the same reason.
	maxParam = 0x1p100
)

// errorf says what is wrong with a tensor, or with its parameters.
func (t *Tensor) errorf(format string, args ...any) error {
	return fmt.Errorf("tensor %q: %w", t.Name, fmt.Errorf(format, args...))
}

// paramf says what is wrong with the parameters that a tensor was given.
func (t *Tensor) paramf(format string, args ...any) error {
	return &UsageError{t.errorf(format, args...)}
}

// checkParams refuses parameters that are not finite, or beyond all reason.
func (t *Tensor) checkParams() error {
	for i, params := range append([]map[string]float64{t.global}, t.params...) {
		for _, name := range slices.Sorted(maps.Keys(params)) {
			if v := params[name]; !(math.Abs(v) <= maxParam) {
				of := ""
				if i > 0 {
					of = fmt.Sprintf(" of model %d", i)
				}
				return t.paramf("found %s %g%s, expected a number of at most %g", name, v, of, maxParam)
			}
		}
	}
	return nil
}

// weights returns the parameter "weight" of each model.
func (t *Tensor) weights() []float64 {
	w := make([]float64, len(t.in))
	for i := range w {
		w[i] = t.ModelParam(i, "weight")
	}
	return w
}

// elements returns how many elements the tensor has.
func (t *Tensor) elements() int64 { return t.in[0].Len() }

// row returns the length of the last dimension.
func (t *Tensor) row() (int64, error) {
	if len(t.Shape) == 0 {
		return 1, nil
	}
	n := t.Shape[len(t.Shape)-1]
	if n > maxRow {
		return 0, t.errorf("found rows of %d elements, expected at most %d", n, maxRow)
	}
	return n, nil
}

// gram returns the inner products of the models, or of their differences from
// the base if there is one, in one pass.
func (t *Tensor) gram(ctx context.Context) ([][]float64, error) {
	g := square(len(t.in))
	err := t.scanDifferences(ctx, 1, blocks(t.elements(), 1), func(int64) (look, func() error) {
		block := square(len(g))
		return func(x [][]float64, _ []float64, _ int64) { addProducts(block, x) }, addLater(g, block)
	})
	return g, err
}

// addLater adds the sums of a block to those of the tensor when its turn has come.
func addLater(sums, block [][]float64) func() error {
	return func() error {
		for i, b := range block {
			for j, v := range b {
				sums[i][j] += v
			}
		}
		return nil
	}
}
