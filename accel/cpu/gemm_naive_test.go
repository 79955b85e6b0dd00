package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"olmotool/accel"
)

// naiveProduct is the definition of a product, of weights given as numbers.
func naiveProduct[T accel.Float](x accel.Matrix[T], w []T, n int) accel.Matrix[T] {
	y := accel.NewMatrix[T](x.Rows, n)
	for i := range y.Rows {
		for j := range n {
			for k := 0; k < x.Cols; k += chainOf(x.Cols) {
				var s T
				for l := k; l < min(k+chainOf(x.Cols), x.Cols); l++ {
					s = naiveFMA(x.Row(i)[l], w[j*x.Cols+l], s)
				}
				if k > 0 {
					s = y.Row(i)[j] + s
				}
				y.Row(i)[j] = s
			}
		}
	}
	return y
}

func naiveFMA[T accel.Float](x, y, z T) T {
	if unit[T]() == 0x1p-24 {
		return T(fma32(float32(x), float32(y), float32(z)))
	}
	return T(math.FMA(float64(x), float64(y), float64(z)))
}

// stored makes weights of the bits that next makes up, at an odd address, and
// what they are as numbers.
func stored[T accel.Float](t accel.Type, rows, cols int, next func() uint64) (accel.Weight, []T) {
	b := make([]byte, 1, 1+rows*cols*t.Size())
	values := make([]T, rows*cols)
	for i := range values {
		switch u := next(); t {
		case accel.F32:
			b = binary.LittleEndian.AppendUint32(b, uint32(u))
			values[i] = T(math.Float32frombits(uint32(u)))
		case accel.F64:
			b = binary.LittleEndian.AppendUint64(b, u)
			values[i] = T(math.Float64frombits(u))
		case accel.F16:
			b = binary.LittleEndian.AppendUint16(b, uint16(u))
			values[i] = T(naiveF16(uint16(u)))
		case accel.BF16:
			b = binary.LittleEndian.AppendUint16(b, uint16(u))
			values[i] = T(math.Float32frombits(uint32(uint16(u)) << 16))
		}
	}
	return accel.Weight{Type: t, Rows: rows, Cols: cols, Bytes: b[1:]}, values
}

// naiveF16 reads the sign, the exponent and the fraction of a half.
func naiveF16(h uint16) float64 {
	v, e := float64(h&0x3ff), int(h>>10&0x1f)
	switch {
	case e == 31 && v != 0:
		return math.NaN()
	case e == 31:
		v = math.Inf(1)
	case e == 0:
		v = math.Ldexp(v, -24)
	default:
		v = math.Ldexp(v+0x400, e-25)
	}
	if h&0x8000 != 0 {
		return -v
	}
	return v
}

// ordinary makes up the bits of numbers of about the size of 1.
func ordinary(r *rand.Rand, t accel.Type) func() uint64 {
	return func() uint64 {
		switch v := r.NormFloat64(); t {
		case accel.F32:
			return uint64(math.Float32bits(float32(v)))
		case accel.F64:
			return math.Float64bits(v)
		case accel.F16:
			return r.Uint64() &^ 0x4000 // subnormal ones among them
		default:
			return uint64(math.Float32bits(float32(v)) >> 16)
		}
	}
}

var types = []accel.Type{accel.F32, accel.F64, accel.F16, accel.BF16}

// matMul is MatMul with kernels of one version.
func matMul[T accel.Float](kn *gemmKernel[T], threads int, y accel.Matrix[T], at int, x accel.Matrix[T], w accel.Weight) {
	p := newProduct(kn, y, at, w)
	p.compute(threads, x.Data, x.Cols, x.Rows)
}

func multiplied[T accel.Float](kn *gemmKernel[T], threads int, x accel.Matrix[T], w accel.Weight) accel.Matrix[T] {
	y := accel.NewMatrix[T](x.Rows, w.Rows)
	matMul(kn, threads, y, 0, x, w)
	return y
}

func title[T accel.Float](kn *gemmKernel[T], t accel.Type, m, n, k int) string {
	var zero T
	return fmt.Sprintf("%s, %T: [%d %d] times the transpose of %s [%d %d]", kn.name, zero, m, k, t, n, k)
}
