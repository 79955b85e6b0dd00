package weights

import (
	"context"
	"errors"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/sweep"
)

const (
	// spotCount and spotElems are the samples by which most hypotheses fall.
	spotCount = 24
	spotElems = 32
	// nearly is the share of rows that may not fit if a claim is made of the rest.
	nearly = 20
)

// spot is a run of elements, whole blocks.
type spot struct{ lo, n int64 }

// spots returns where tensors of n elements are sampled, spread over all of it;
// everything, if that is not much.
func spots(n int64, d formats.DType) []spot {
	block := d.BlockElems()
	size := (spotElems + block - 1) / block * block
	if n <= spotCount*size {
		return []spot{{0, n}}
	}
	ss := make([]spot, spotCount)
	for i := range ss {
		// Somewhere in its part, but not at the same place in each: what repeats
		// in rows would look alike.
		part := n / spotCount
		h := uint64(i+1) * 0x9e3779b97f4a7c15
		lo := int64(i)*part + int64(h>>33)%part
		ss[i] = spot{min(lo, n-size) / block * block, size}
	}
	return ss
}

// resembles returns the share of samples in which two tensors agree; those at
// the given elements, where a tensor is known not to be REF's, must.
func resembles(want, got formats.Tensor, loose bool, at []int64) (float64, error) {
	var w worker
	same := func(s spot) (bool, error) {
		a, b, _, err := w.read(want, got, s.lo, s.n, refCand)
		return err == nil && differing(got.DType, a, b, loose) < 0, err
	}
	block := got.DType.BlockElems()
	for _, i := range at {
		ok, err := same(spot{i / block * block, block})
		if err != nil || !ok {
			return 0, err
		}
	}
	ss := spots(got.Elements(), got.DType)
	n := 0
	for i, s := range ss {
		ok, err := same(s)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
		if i == 3 && n == 0 {
			return 0, nil
		}
	}
	return float64(n) / float64(len(ss)), nil
}

var errDiffer = errors.New("differ")

// equal reports whether two tensors of one type and size are equal, in every byte.
func (c *comparison) equal(ctx context.Context, want, got formats.Tensor, loose bool) (bool, error) {
	err := sweep.Each(ctx, c.Threads, []int64{got.Elements()}, pieces, func(w *worker, _ int, lo, n int64) error {
		a, b, _, err := w.read(want, got, lo, n, refCand)
		if err == nil && differing(got.DType, a, b, loose) >= 0 {
			err = errDiffer
		}
		return err
	})
	if err == errDiffer {
		return false, nil
	}
	return err == nil, err
}

// is reports whether CAND's tensor is the view, exactly.
func (x *patient) is(ctx context.Context, view formats.Tensor) (bool, error) {
	if view.DType != x.got.DType || view.Bytes() != x.got.Bytes() {
		return false, nil
	}
	share, err := resembles(view, x.got, x.loose, x.m.elems)
	if err != nil || share < 1 {
		return false, err
	}
	return x.equal(ctx, view, x.got, x.loose)
}

// exactly is how a view fits in every row.
const exactly = "exactly"

// nearlyIs is the same for a view that may miss some rows. It returns what to say
// of them: exactly, or how many do not fit; empty if the view is not it.
func (c *comparison) nearlyIs(ctx context.Context, view, got formats.Tensor, loose bool) (string, error) {
	if view.DType != got.DType || view.Bytes() != got.Bytes() {
		return "", nil
	}
	share, err := resembles(view, got, loose, nil)
	if err != nil || share < 0.75 {
		return "", err
	}
	view.Shape = got.Shape
	m, err := c.measured(ctx, view, got, loose)
	if err != nil {
		return "", err
	}
	rows := int64(1)
	if len(got.Shape) > 0 {
		rows = got.Shape[0]
	}
	switch {
	case m.changed == 0:
		return exactly, nil
	case m.rows*nearly <= rows:
		return fmt.Sprintf("in all but %d of %d rows (the first of these is %d)", m.rows, rows, m.first[0]), nil
	}
	return "", nil
}

// values returns REF's tensor in a plain type, for views of single values.
func (x *patient) values() (formats.Tensor, bool) {
	switch {
	case x.ref.DType.IsFloat():
		return x.ref, true
	case canDecode(x.ref.DType):
		t, err := formats.Cast(x.ref, formats.F32, nil)
		return t, err == nil
	}
	return formats.Tensor{}, false
}

// typed returns a view in the type of CAND; false if there is no way.
func (x *patient) typed(t formats.Tensor, err error) (formats.Tensor, bool) {
	if err != nil {
		return t, false
	}
	t, err = formats.Cast(t, x.got.DType, nil)
	return t, err == nil
}
