package soup

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"olmotool/formats"
)

// checker is what one goroutine of a check works with.
type checker struct {
	*check
	wrong []int64 // of each way

	scratch
	got, want []byte
	in, copy  [][]float32
	dst       []float32
	rounder   rounder
}

// compare compares n elements of a tensor with what each way makes of them.
func (w *checker) compare(ctx context.Context, t *checking, at, n int64) error {
	b := t.published.DType.BlockBytes()
	w.got, w.want = grow(w.got, int(n*b)), grow(w.want, int(n*b))
	published := input{Tensor: t.published}
	if err := published.bytes(ctx, w.got, at); err != nil {
		return err
	}
	if err := formats.ReadFull(t.merged.Data, w.want, at*b); err != nil {
		return fmt.Errorf("tensor %q: %w", t.out.Name, err)
	}
	for len(w.raw) < len(t.in) {
		w.raw, w.in, w.copy = append(w.raw, nil), append(w.in, nil), append(w.copy, nil)
	}
	for i, in := range t.in {
		w.raw[i] = grow(w.raw[i], int(n*in.DType.BlockBytes()))
		if err := in.bytes(ctx, w.raw[i], at); err != nil {
			return err
		}
	}
	w.mid, w.dst = grow(w.mid, blockElems), grow(w.dst, blockElems)
	for lo := int64(0); lo < n; lo += blockElems {
		w.block(t, at, lo, min(lo+blockElems, n))
	}
	return nil
}

// block compares elements [lo, hi) of what was read from element at on.
func (w *checker) block(t *checking, at, lo, hi int64) {
	d, n := t.published.DType, int(hi-lo)
	b := d.BlockBytes()
	got, want := w.got[lo*b:hi*b], w.want[lo*b:hi*b]
	exact := differing(d, got, want)
	w.wrong[0] += exact
	x := w.floats(len(t.in), n)
	for i, in := range t.in {
		k := in.DType.BlockBytes()
		widen(x[i], in.DType, w.raw[i][lo*k:hi*k], w.mid)
		w.in[i], w.copy[i] = grow(w.in[i], n), grow(w.copy[i], n)
		for j, v := range x[i] {
			w.in[i][j] = float32(v)
		}
	}
	w.out = grow(w.out, int(8*n))
	out := w.out[:int64(n)*b]
	for k, p := range w.ways {
		if d == formats.F64 {
			w.wrong[1+k] += int64(n) // nobody has
			continue
		}
		for i := range t.in {
			copy(w.copy[i], w.in[i])
		}
		w.rounder.d = d
		p.compute(w.dst[:n], w.copy[:len(t.in)], &w.rounder)
		encodeOdd(out, d, w.dst[:n])
		w.wrong[1+k] += differing(d, got, out)
	}
	var lost formats.CastStats
	for i := range t.in {
		encode(out, d, x[i], w.mid, &lost)
		w.wrong[1+len(w.ways)+i] += differing(d, got, out)
	}
	if exact > 0 {
		w.explain(t, got, want, x, at+lo)
	}
}

// differing counts elements that are not the same, a zero of the other sign being
// the same.
func differing(d formats.DType, a, b []byte) (n int64) {
	switch d.BlockBytes() {
	case 2:
		for ; len(a) >= 2; a, b = a[2:], b[2:] {
			if x, y := binary.LittleEndian.Uint16(a), binary.LittleEndian.Uint16(b); x != y && (x|y)<<1 != 0 {
				n++
			}
		}
	case 4:
		for ; len(a) >= 4; a, b = a[4:], b[4:] {
			if x, y := binary.LittleEndian.Uint32(a), binary.LittleEndian.Uint32(b); x != y && (x|y)<<1 != 0 {
				n++
			}
		}
	default:
		for ; len(a) >= 8; a, b = a[8:], b[8:] {
			if x, y := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b); x != y && (x|y)<<1 != 0 {
				n++
			}
		}
	}
	return n
}

// explain looks for elements that are further from what they should be than
// rounding takes them.
func (w *checker) explain(t *checking, got, want []byte, x [][]float64, at int64) {
	d, n := t.published.DType, len(x[0])
	y := make([]float64, 2*n)
	g, e := y[:n], y[n:]
	widen(g, d, got, w.mid)
	widen(e, d, want, w.mid)
	// The sizes of the weights, of which the unit of rounding is a part.
	f := formatOf[d]
	unit := (slack + float64(len(x))/2) * math.Ldexp(1, -f.bits)
	least := math.Ldexp(1, f.least)
	for j := range g {
		size := 0.0
		for i := range x {
			size += math.Abs(w.sum.approx[i] * x[i][j])
		}
		if math.Abs(g[j]-e[j]) <= unit*size+least || g[j] != g[j] && e[j] != e[j] || g[j] == e[j] {
			continue
		}
		w.different(t, at+int64(j), e[j], g[j])
	}
}

// formatOf has the bits of the significands of types, and the exponents of their
// smallest numbers.
var formatOf = map[formats.DType]struct{ bits, least int }{
	formats.BF16: {8, -133}, formats.F16: {11, -24}, formats.F32: {24, -149}, formats.F64: {53, -1074},
}

// different counts an element that rounding does not explain.
func (w *checker) different(t *checking, at int64, want, got float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.out.Different++
	if at < t.at {
		t.at, t.out.Want, t.out.Got = at, want, got
	}
}
