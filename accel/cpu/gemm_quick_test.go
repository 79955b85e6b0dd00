package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestQuick(t *testing.T) {
	for l := plain; l <= avx512; l++ {
		simd = l
		t.Log(l, verified32[l]() == [...]*gemmKernel[float32]{&plain32, &avx2F32, &avx512F32}[l], verified64[l]() == [...]*gemmKernel[float64]{&plain64, &avx2F64, &avx512F64}[l])
		r := rand.New(rand.NewPCG(1, 2))
		for range 30 {
			m, n, k := 1+r.IntN(70), 1+r.IntN(60), 1+r.IntN(600)
			x, w := make([]float32, m*k), make([]float32, n*k)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			for i := range w {
				w[i] = float32(r.NormFloat64())
			}
			y := make([]float32, m*n)
			gemm(y, n, x, k, m, w, k, n, k)
			for i := range m {
				for j := range n {
					var want float32
					for k0 := 0; k0 < k; k0 += kBlock {
						var s float32
						for kk := k0; kk < min(k, k0+kBlock); kk++ {
							s = fma32(x[i*k+kk], w[j*k+kk], s)
						}
						if k0 == 0 {
							want = s
						} else {
							want += s
						}
					}
					if math.Float32bits(y[i*n+j]) != math.Float32bits(want) {
						t.Fatal(l, m, n, k, i, j, y[i*n+j], want)
					}
				}
			}
		}
	}
}
