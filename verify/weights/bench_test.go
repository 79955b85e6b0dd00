package weights

import (
	"context"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// BenchmarkMeasured measures two matrices that have nothing in common.
func BenchmarkMeasured(b *testing.B) {
	for _, d := range []formats.DType{formats.BF16, formats.F32} {
		b.Run(d.String(), func(b *testing.B) {
			const n = 1 << 20
			x, y := noise(b, 1, d, n), noise(b, 2, d, n)
			b.SetBytes(2 * x.Bytes())
			c := &comparison{Options: Options{Threads: 1}, ref: &olmo.Model{}}
			for b.Loop() {
				if _, err := c.measured(context.Background(), x, y, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
