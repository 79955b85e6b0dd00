package soup

import (
	"context"
	"math/rand/v2"
	"testing"
)

// BenchmarkMethods measures each method's facts and its ranges, apart, on three
// models of a million elements in memory.
func BenchmarkMethods(b *testing.B) {
	const n, row = 1 << 20, 1 << 10
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range others {
		x, base := drawn(m, r, 3, n)
		t := tensorFor(b, m, []int64{n / row, row}, x, base, usual(m))
		f, err := m.Prepare(context.Background(), t)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(m.Name+"/facts", func(b *testing.B) {
			b.SetBytes(n)
			for b.Loop() {
				if _, err := m.Prepare(context.Background(), t); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(m.Name+"/range", func(b *testing.B) {
			b.SetBytes(n)
			dst := make([]float64, row)
			parts := make([][]float64, len(x))
			for b.Loop() {
				for at := 0; at < n; at += row {
					for i := range x {
						parts[i] = x[i][at : at+row]
					}
					f(dst, parts, part(base, at, at+row), int64(at))
				}
			}
		})
	}
}
