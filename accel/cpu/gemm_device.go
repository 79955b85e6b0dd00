package cpu

import (
	"fmt"

	"olmotool/accel"
)

// Device multiplies on the CPU with so many threads; below 1 are all cores. It
// implements [accel.Multiplier].
type Device[T accel.Float] struct {
	Threads int
}

// Kernels names the instructions with which MatMul multiplies float32: AVX-512,
// AVX2, or plain Go.
func Kernels() string { return current[float32]().name }

// MatMul sets columns [at, at+w.Rows) of y to x·wᵀ: see [accel.Multiplier].
//
// Elements are sums over up to 128 columns each, of fused multiplications and
// additions, which are added in order: a row of y depends on its row of x and on
// w alone, and kernels of all instructions have the same bits.
func (d Device[T]) MatMul(y accel.Matrix[T], at int, x accel.Matrix[T], w accel.Weight) error {
	if err := check(y, at, x, w); err != nil {
		return err
	}
	p := newProduct(current[T](), y, at, w)
	p.compute(d.Threads, x.Data, x.Cols, x.Rows)
	return nil
}

// newProduct returns the product of what check has passed.
func newProduct[T accel.Float](kn *gemmKernel[T], y accel.Matrix[T], at int, w accel.Weight) product[T] {
	size := w.Type.Size()
	// Without rows, y has no column to begin with.
	return product[T]{kn, y.Data[min(at, len(y.Data)):], y.Cols, weights[T]{w.Bytes, w.Cols * size, size, decoder(kn, w.Type)}, w.Rows, w.Cols, chainOf(w.Cols)}
}

// check is [accel.Check] for any values: it compares before it multiplies.
func check[T accel.Float](y accel.Matrix[T], at int, x accel.Matrix[T], w accel.Weight) error {
	if w.Type > accel.BF16 {
		return fmt.Errorf("found weights of type %d, expected F32, F64, F16 or BF16", uint8(w.Type))
	}
	for _, m := range []struct {
		name             string
		rows, cols, size int
	}{
		{"results", y.Rows, y.Cols, len(y.Data)},
		{"activations", x.Rows, x.Cols, len(x.Data)},
		{"weights", w.Rows, w.Cols, len(w.Bytes) / w.Type.Size()},
	} {
		if m.rows < 0 || m.cols < 0 || m.cols == 0 && m.size != 0 || m.cols > 0 && (m.size/m.cols != m.rows || m.size%m.cols != 0) {
			return fmt.Errorf("found %d elements of %s, expected those of [%d %d]", m.size, m.name, m.rows, m.cols)
		}
	}
	if at > y.Cols {
		return fmt.Errorf("found column %d, expected one of %d", at, y.Cols)
	}
	return accel.Check(y, at, x, w)
}
