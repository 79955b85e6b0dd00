package soup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVectorKernels holds that the loops of vectors.go give the bits of their
// definitions, at any length and alignment, and touch nothing else.
func TestVectorKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	special := []float64{0, math.Copysign(0, -1), 0x1p-1074, -0x1p-1060, maxElement, -maxElement, 1, -1}
	numbers := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			if v[i] = r.NormFloat64(); r.IntN(3) == 0 {
				v[i] = special[r.IntN(len(special))]
			}
		}
		return v
	}
	for n := range 70 {
		for shift := range 3 {
			const guard = 8
			x, y, d := numbers(n + shift)[shift:], numbers(n + shift)[shift:], numbers(n + shift + guard)[shift:]
			k := r.NormFloat64()
			for _, c := range []struct {
				name string
				fast func(d []float64)
				want func(i int) float64
			}{
				{"subtract", func(d []float64) { subtract(d, x, y) }, func(i int) float64 { return x[i] - y[i] }},
				{"add scaled", func(d []float64) { blend(d, []float64{k, 1}, [][]float64{x, x}, y) }, func(i int) float64 {
					return moved(y[i], float64(k*(x[i]-y[i]))+(x[i]-y[i]))
				}},
				{"add to", func(d []float64) { addTo(d, y) }, func(i int) float64 { return moved(y[i], d[i]) }},
			} {
				got, want := slices.Clone(d), slices.Clone(d)
				c.fast(got[:n])
				for i := range n {
					want[i] = c.want(i)
				}
				for i, w := range want {
					if math.Float64bits(got[i]) != math.Float64bits(w) {
						t.Fatalf("%s of %d: %v at %d, want %v", c.name, n, got[i], i, w)
					}
				}
			}
			var s [8]float64
			for i, v := range x {
				if whole := n &^ 7; i < whole {
					s[i%8] += float64(v * y[i])
				} else {
					s[0] += float64(v * y[i])
				}
			}
			want := ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
			if got := dot(x, y); math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("dot of %d: %v, want %v", n, got, want)
			}
		}
	}
}
