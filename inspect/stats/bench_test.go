package stats

import (
	"testing"

	"olmotool/formats"
)

func BenchmarkOf(b *testing.B) {
	const rows, cols = 4096, 1024
	for _, d := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
		for _, exact := range []bool{false, true} {
			name := d.String()
			if exact {
				name += "/exact"
			}
			x := tensorOf(b, d, normal(d, rows*cols, 1), rows, cols)
			b.Run(name, func(b *testing.B) {
				b.SetBytes(x.Bytes())
				for b.Loop() {
					of(b, x, Options{Threads: 1, Exact: exact})
				}
			})
		}
	}
}
