package cpu

import (
	"math/rand/v2"
	"testing"

	"olmotool/accel"
)

func BenchmarkMatMul(b *testing.B) {
	b.Run("float32", benchmarkMatMul[float32])
	b.Run("float64", benchmarkMatMul[float64])
}

func benchmarkMatMul[T accel.Float](b *testing.B) {
	const m, n, k = 128, 768, 2048
	r := rand.New(rand.NewPCG(9, 1))
	x, y := random[T](r, m, k), accel.NewMatrix[T](m, n)
	for _, typ := range types {
		w, _ := stored[T](typ, n, k, ordinary(r, typ))
		for _, kn := range versions[T]() {
			b.Run(typ.String()+"/"+kn.name, func(b *testing.B) {
				for b.Loop() {
					matMul(kn, 1, y, 0, x, w)
				}
				b.ReportMetric(2e-9*m*n*k*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
			})
		}
	}
}
