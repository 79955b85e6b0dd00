package diff

import (
	"math/rand/v2"
	"testing"

	"olmotool/formats"
)

// BenchmarkDiffer measures tensors in which nearly every element differs, by
// bytes of both sides and one thread.
func BenchmarkDiffer(b *testing.B) {
	for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F32} {
		b.Run(d.String(), func(b *testing.B) {
			n := pieceElems * d.BlockBytes()
			x, y := make([]byte, n), make([]byte, n)
			r := rand.New(rand.NewPCG(1, 2))
			w := int(d.BlockBytes())
			for i := range x {
				x[i] = byte(r.Uint32())
				y[i] = x[i]
				switch i % w {
				case w - 1:
					x[i] = x[i]&0x80 | 0x3b
					y[i] = x[i]
				case 0:
					y[i] ^= byte(r.Uint32N(8))
				}
			}
			p := newPair(tensor(b, "x", d, x, pieceElems), tensor(b, "x", d, y, pieceElems))
			b.SetBytes(2 * n)
			wk := new(worker)
			for b.Loop() {
				if err := wk.differ(p, new(stats), 0, pieceElems, x, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
