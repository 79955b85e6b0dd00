package weights

import (
	"context"

	"olmotool/formats"
	"olmotool/internal/sweep"
)

// decodeElems is how many values are decoded at a time.
const decodeElems = 4096

// measure is what lies between two tensors of one type and shape.
type measure struct {
	changed int64
	rows    int64   // that have a change
	elems   []int64 // the first that changed
	first   []int64 // the first rows
	lo, hi  int64   // the first and the last row, if there is one
	columns []uint64
	end     int64 // the element at which row hi ends, while elements come

	// Over elements that are finite on both sides, w being what should be and g
	// what is.
	ww, gg, wg, dd, maxAbs float64
	ulp                    [6]int64
	nan, inf               [2]int64 // of w and of g
	measured               bool     // the sums mean something
}

// measured compares the tensors, of one type and shape, value by value. With
// loose, a NaN is as good as another.
func (c *comparison) measured(ctx context.Context, want, got formats.Tensor, loose bool) (*measure, error) {
	blocks := want.DType.IsBlock() && canDecode(want.DType)
	if blocks {
		var err error
		if want, err = formats.Cast(want, formats.F32, nil); err != nil {
			return nil, err
		}
		if got, err = formats.Cast(got, formats.F32, nil); err != nil {
			return nil, err
		}
	}
	n := want.Elements()
	step := rangeOf(n)
	parts := make([]measure, (n+step-1)/step)
	err := sweep.Each(ctx, c.Threads, []int64{n}, func(int) int64 { return step }, func(w *worker, _ int, lo, n int64) error {
		return w.measure(&parts[lo/step], want, got, lo, n, loose)
	})
	if err != nil {
		return nil, err
	}
	all := &measure{measured: want.DType.IsFloat()}
	for i := range parts {
		all.merge(&parts[i])
	}
	if blocks {
		all.ulp = [6]int64{}
	}
	return all, nil
}

// canDecode reports whether the values of a type can be had.
func canDecode(d formats.DType) bool { return formats.CanCast(d, formats.F32) }

// measure measures a range of elements, in pieces.
func (w *worker) measure(m *measure, want, got formats.Tensor, lo, n int64, loose bool) error {
	if w.scratch == nil {
		w.scratch = new(scratch)
	}
	row := rowElems(want.Shape)
	if row > 1 && row <= maxColumns {
		m.columns = make([]uint64, (row+63)/64)
	}
	d := want.DType
	step := int64(decodeElems) / d.BlockElems() * d.BlockElems()
	for end := lo + n; lo < end; lo += pieceElems {
		a, b, _, err := w.read(want, got, lo, min(pieceElems, end-lo), refCand)
		if err != nil {
			return err
		}
		for at := int64(0); len(a) > 0; at += step {
			k := min(step/d.BlockElems()*d.BlockBytes(), int64(len(a)))
			w.add(m, d, a[:k], b[:k], lo+at, row, loose)
			a, b = a[k:], b[k:]
		}
	}
	return nil
}

// rowElems is how many elements a row has: one step of the first dimension.
func rowElems(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape[min(1, len(shape)):] {
		n *= d
	}
	return max(n, 1)
}
