//go:build amd64 && !noasm

package cpu

import (
	"encoding/binary"
	"math"

	"olmotool/accel"
)

// agrees reports whether kernels have the results of plain ones, to the bit, in
// a small product of each type of weights, of which each kernel gets a part.
func agrees[T accel.Float](kn, plain *gemmKernel[T]) bool {
	seed := uint32(1)
	random := func() float64 { // in [-1, 1)
		seed = seed*1664525 + 1013904223
		return float64(int32(seed)) * 0x1p-31
	}
	m, n := 2*kn.tokens-kn.tokens/4, kn.rows+kn.fewer // tiles of all parts
	for _, t := range []accel.Type{accel.F32, accel.F64, accel.F16, accel.BF16} {
		k := 37 // in which there is something for every loop
		if t == accel.F32 {
			k += kBlock
		}
		x := make([]T, m*k)
		for i := range x {
			x[i] = T(random())
		}
		w := make([]byte, 0, n*k*t.Size())
		for range n * k {
			switch v := random(); t {
			case accel.F32:
				w = binary.LittleEndian.AppendUint32(w, math.Float32bits(float32(v)))
			case accel.F64:
				w = binary.LittleEndian.AppendUint64(w, math.Float64bits(v))
			case accel.F16:
				w = binary.LittleEndian.AppendUint16(w, uint16(seed>>16)&0xbfff) // below 2
			case accel.BF16:
				w = binary.LittleEndian.AppendUint16(w, uint16(math.Float32bits(float32(v))>>16))
			}
		}
		y := func(kn *gemmKernel[T]) []T {
			y := accel.NewMatrix[T](m, n)
			p := newProduct(kn, y, 0, accel.Weight{Type: t, Rows: n, Cols: k, Bytes: w})
			p.compute(1, x, k, m)
			return y.Data
		}
		want := y(plain)
		for i, got := range y(kn) {
			if got != want[i] {
				return false
			}
		}
	}
	return true
}
