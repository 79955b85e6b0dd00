package weights

import (
	"bytes"
	"context"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/sweep"
)

// Pair is a tensor as it should be and as it is: of one name, type and shape.
type Pair struct{ Want, Got formats.Tensor }

// Same reads both sides of every pair and returns an error about a byte that
// differs, if there is one. Want is what the source becomes; messages call it so.
// progress, if set, is told of bytes of one side.
//
// It is the proof of a conversion, which stops at what it finds: [Compare]
// explains.
func Same(ctx context.Context, pairs []Pair, threads int, progress func(int64)) error {
	elems := make([]int64, len(pairs))
	for i, p := range pairs {
		elems[i] = p.Want.Elements()
	}
	return sweep.Each(ctx, threads, elems, pieces, func(w *worker, i int, lo, n int64) error {
		p := pairs[i]
		a, b, off, err := w.read(p.Want, p.Got, lo, n, source)
		if err != nil {
			return err
		}
		if k := firstDiff(a, b); k >= 0 {
			return fmt.Errorf("tensor %q: byte %d: found %#02x, expected %#02x", p.Want.Name, off+k, b[k], a[k])
		}
		if progress != nil {
			progress(int64(len(a)))
		}
		return nil
	})
}

// sides is how messages call the sides, after the name of a tensor.
type sides [2]string

var (
	source  = sides{" of the source", ""}
	refCand = sides{" of REF", " of CAND"}
)

// read reads elements [lo, lo+n) of two tensors of one type, and returns them
// with their offset in bytes.
func (w *worker) read(want, got formats.Tensor, lo, n int64, by sides) (a, b []byte, off int64, err error) {
	a, off = w.at(0, want.DType, lo, n)
	b, _ = w.at(1, want.DType, lo, n)
	if err := formats.ReadFull(want.Data, a, off); err != nil {
		return nil, nil, 0, fmt.Errorf("tensor %q%s: %w", want.Name, by[0], err)
	}
	if err := formats.ReadFull(got.Data, b, off); err != nil {
		return nil, nil, 0, fmt.Errorf("tensor %q%s: %w", got.Name, by[1], err)
	}
	return a, b, off, nil
}

// at returns a buffer for elements [lo, lo+n) of a type, whole blocks, and where
// they begin.
func (w *worker) at(i int, d formats.DType, lo, n int64) (b []byte, off int64) {
	e, size := d.BlockElems(), d.BlockBytes()
	return w.buf(i, n/e*size), lo / e * size
}

// firstDiff returns the index of the first byte in which a and b, of one length,
// differ; -1 if there is none.
func firstDiff(a, b []byte) int64 {
	if bytes.Equal(a, b) {
		return -1
	}
	k := 0
	for a[k] == b[k] {
		k++
	}
	return int64(k)
}
