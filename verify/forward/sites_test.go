package forward

import (
	"context"
	"testing"

	"olmotool/accel"
	"olmotool/accel/cpu"
)

// Every operation of the first block, each fed what transformers' bfloat16 fed
// it: the emulation rounds where it rounds, and taps see what its hooks see.
func TestBF16Sites(t *testing.T) {
	for _, name := range []string{"olmo1", "olmo2-gqa"} {
		t.Run(name, func(t *testing.T) {
			g := openGolden(t, name+"-sites")
			p := newPass(t, open(t, "models/"+name), Options[float32]{Rounding: cpu.BF16})
			p.Scores = true
			n := int(g.tensors["input"].Shape[0])
			x := accel.Matrix[float32]{Rows: n, Cols: int(p.Config.HiddenSize), Data: narrow(g.floats("input"))}
			b := Batch{Seqs: [][]int32{make([]int32, n)}}
			shown := 0
			err := p.Block(context.Background(), 0, b, x, func(s Site, x accel.Matrix[float32]) error {
				want := g.floats(string(s))
				if e := equal(rows(x, upTo(n)), want); e < 0.999 {
					t.Errorf("%s: %.4f of the elements equal", s, e)
				}
				copy(x.Data, narrow(want))
				shown++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if shown != len(g.tensors)-1 {
				t.Errorf("%d sites shown, %d recorded", shown, len(g.tensors)-1)
			}
		})
	}
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// upTo returns 0 … n−1.
func upTo(n int) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(i)
	}
	return x
}
