// Package rounding says what tensors would lose in narrower types.
//
// [All] looks at a sample of each tensor, so that a model of any size takes
// seconds: where the loss is to be known exactly, convert and compare.
package rounding

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"olmotool/formats"
	"olmotool/formats/ggml"
	"olmotool/internal/sweep"
)

// Types are the types that are tried.
var Types = [...]formats.DType{formats.BF16, formats.F16, formats.Q8_0}

const (
	// SampleElems is how many elements of a tensor are looked at; of one that has
	// no more, all. A relative error is then known to some thousandths of itself.
	SampleElems = runs * runElems
	// A sample is runs of neighbours, of whole blocks of every type, at equal
	// distances.
	runs, runElems = 64, 8192
	blockElems     = 256
)

// Loss has for each of [Types] the relative error √(Σ(y−x)²/Σx²) of the elements y
// that would be stored for x, taken as float32. It is 0 for the type that a tensor
// has; what is not finite makes it NaN, or infinite where only y is.
type Loss [len(Types)]float64

// All returns the loss of each tensor; nil for one that is no float, or is
// quantised already. The rows of a vector are not quantised, nor are those that
// fill no whole blocks: there the loss in a block type is NaN.
//
// It does not depend on the number of threads. An error is a *formats.Error that
// names the tensor, or that of ctx.
func All(ctx context.Context, ts []formats.Tensor, threads int) ([]*Loss, error) {
	out, each := make([]*Loss, len(ts)), make([]int64, len(ts))
	for i := range each {
		each[i] = 1
	}
	one := func(int) int64 { return 1 }
	err := sweep.Each(ctx, threads, each, one, func(w *worker, i int, _, _ int64) (err error) {
		out[i], err = w.loss(ctx, ts[i])
		return err
	})
	return out, err
}

// worker is the memory of one thread.
type worker struct {
	b, c       [runElems * 4]byte
	x, y, zero [runElems]float32
}

func (w *worker) loss(ctx context.Context, t formats.Tensor) (_ *Loss, err error) {
	defer func() {
		if p := recover(); p != nil { // of a view
			err = fmt.Errorf("panic: %v", p)
		}
		var known *formats.Error
		if err != nil && ctx.Err() == nil && !errors.As(err, &known) {
			err = formats.Errorf(t.Origin.File, fmt.Sprintf("tensor %q", t.Name), "%w", err)
		}
	}()
	n := t.Elements()
	if !t.DType.IsFloat() || n == 0 {
		return nil, nil
	}
	var norm float64
	var sums Loss
	for i := range min(runs, (n-1)/runElems+1) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := i * runElems
		if n > SampleElems {
			at = int64(float64(n-runElems)*(float64(i)/(runs-1))) / blockElems * blockElems
		}
		if err := w.run(t, at, min(runElems, n-at), &norm, &sums); err != nil {
			return nil, err
		}
	}
	for k, e := range sums {
		if e != 0 {
			e = math.Sqrt(e / norm)
		}
		if sums[k] = e; !fits(t, Types[k]) {
			sums[k] = math.NaN()
		}
	}
	return &sums, nil
}

// fits reports whether d is a type for t.
func fits(t formats.Tensor, d formats.DType) bool {
	return !d.IsBlock() || len(t.Shape) > 1 && t.Shape[len(t.Shape)-1]%d.BlockElems() == 0
}

// run adds up n elements from element at on.
func (w *worker) run(t formats.Tensor, at, n int64, norm *float64, sums *Loss) error {
	size := t.DType.BlockBytes()
	x, err := formats.NewTensor(t.Name, t.DType, []int64{n}, io.NewSectionReader(t.Data, at*size, n*size))
	if err == nil {
		err = read(x, w.b[:n*4], w.x[:n])
	}
	if err != nil {
		return err
	}
	*norm += squares(w.x[:n], w.zero[:n])
	x.DType, x.Data = formats.F32, bytes.NewReader(w.b[:n*4])
	for k, d := range Types {
		if d == t.DType || !fits(t, d) {
			continue
		}
		y, err := formats.Cast(x, d, nil)
		if err == nil {
			err = read(y, w.c[:n*4], w.y[:n])
		}
		if err != nil {
			return err
		}
		sums[k] += squares(w.x[:n], w.y[:n])
	}
	return nil
}

// read reads a tensor as float32, as bytes and as values.
func read(t formats.Tensor, b []byte, x []float32) error {
	t, err := formats.Cast(t, formats.F32, nil)
	if err == nil {
		err = formats.ReadFull(t.Data, b, 0)
	}
	ggml.DecodeF32(x, b)
	return err
}

// squares sums (x−y)². Products are converted lest a processor fuses them with
// the sum.
func squares(x, y []float32) (sum float64) {
	y = y[:len(x)]
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		sum += float64(d * d)
	}
	return sum
}
