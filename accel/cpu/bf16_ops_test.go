package cpu

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"testing"

	"olmotool/accel"
)

// madeUp returns the numbers that testdata/make_bf16_ops.py makes up from a name.
func madeUp(name string, rows, cols int) accel.Matrix[float32] {
	m := accel.NewMatrix[float32](rows, cols)
	state := uint64(crc32.ChecksumIEEE([]byte(name)))
	for i := range m.Data {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		m.Data[i] = float32(int(z&0xffff+z>>16&0xffff+z>>32&0xffff+z>>48)-131070) / 32768
	}
	return m
}

func madeUpBF16(name string, rows, cols int) accel.Matrix[float32] {
	m := madeUp(name, rows, cols)
	Round(m.Data, BF16)
	return m
}

// bf16Ops are the operations of the goldens, and how many of a million results
// may differ from torch's: where it sums in another order, in float32, a result
// next to the middle of two bfloat16 may go the other way. Of attention with 512
// tokens and heads of 128, 210 in a million do.
var bf16Ops = map[string]struct {
	perMillion int
	run        func(s []int) []float32
}{
	"rmsnorm": {0, func(s []int) []float32 {
		x := madeUpBF16("x", s[0], s[1])
		RMSNorm(1, x, x, madeUpBF16("w", 1, s[1]).Data, 1e-6, MultiplyThenCast, BF16)
		return x.Data
	}},
	"rmsnorm_cast_first": {0, func(s []int) []float32 {
		x := madeUpBF16("x", s[0], s[1])
		RMSNorm(1, x, x, madeUpBF16("w", 1, s[1]).Data, 1e-6, CastThenMultiply, BF16)
		return x.Data
	}},
	"layernorm": {0, func(s []int) []float32 {
		x := madeUpBF16("x", s[0], s[1])
		LayerNorm(1, x, x, 1e-5, BF16)
		return x.Data
	}},
	"clip": {0, func(s []int) []float32 {
		x := madeUpBF16("x", s[0], s[1])
		Clip(1, x, 1.23, BF16)
		return x.Data
	}},
	"add": {0, func(s []int) []float32 {
		y := madeUpBF16("y", s[0], s[1])
		Add(1, y, madeUpBF16("x", s[0], s[1]), BF16)
		return y.Data
	}},
	"silu": {0, func(s []int) []float32 {
		x := times4(s)
		one := accel.NewMatrix[float32](s[0], s[1])
		fill(one.Data, 1)
		SwiGLU(1, x, x, one, BF16)
		return x.Data
	}},
	"swiglu": {0, func(s []int) []float32 {
		x := times4(s)
		SwiGLU(1, x, x, madeUpBF16("y", s[0], s[1]), BF16)
		return x.Data
	}},
	"rotate": {0, func(s []int) []float32 {
		q := madeUpBF16("q", s[0], s[1]*s[2])
		at := make([]int, s[0])
		for i := range at {
			at[i] = i
		}
		Rotate(1, q, s[1], madeUp("cos", s[0], s[2]/2), madeUp("sin", s[0], s[2]/2), at, BF16)
		return q.Data
	}},
	"softmax": {0, func(s []int) []float32 {
		x := times4(s)
		for i := range x.Rows {
			softmax(x.Row(i))
		}
		Round(x.Data, BF16)
		return x.Data
	}},
	"attention":              {500, func(s []int) []float32 { y, _ := madeUpAttention(s); return y }},
	"attention_probs":        {100, func(s []int) []float32 { _, p := madeUpAttention(s); return p }},
	"attention_window":       {500, func(s []int) []float32 { y, _ := madeUpAttention(s); return y }},
	"attention_window_probs": {100, func(s []int) []float32 { _, p := madeUpAttention(s); return p }},
	"linear": {500, func(s []int) []float32 {
		x, w := madeUpBF16("x", s[0], s[1]), madeUpBF16("weight", s[2], s[1])
		y := make([]float32, s[0]*s[2])
		gemm(y, s[2], x.Data, x.Cols, x.Rows, w.Data, w.Cols, w.Rows, w.Cols, chainOf(w.Cols))
		Round(y, BF16)
		return y
	}},
}

func times4(s []int) accel.Matrix[float32] {
	x := madeUpBF16("x", s[0], s[1])
	scale(x.Data, x.Data, 4)
	return x
}

// madeUpAttention returns the result and the probabilities of the last head.
func madeUpAttention(s []int) (y, probs []float32) {
	tokens, heads, kv, d := s[0], s[1], s[2], s[3]
	q := madeUpBF16("q", tokens, heads*d)
	p := accel.NewMatrix[float32](tokens, tokens)
	Attention(1, q, q, madeUpBF16("k", tokens, kv*d), madeUpBF16("v", tokens, kv*d), AttentionOptions[float32]{
		Heads: heads, KVHeads: kv, Window: s[4], Rounding: BF16,
		Probs: func(head, row, key int, b accel.Matrix[float32]) {
			for i := range b.Rows {
				if head == heads-1 {
					copy(p.Row(row + i)[key:], b.Row(i))
				}
			}
		},
	})
	return q.Data, p.Data
}

// Results in emulated bfloat16 are those of eager transformers, but for a few.
func TestBF16Ops(t *testing.T) {
	b, err := os.ReadFile("testdata/bf16_ops.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Ops []struct {
			Op    string
			Shape []int
			Out   []byte
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Ops) != len(bf16Ops) {
		t.Fatalf("%d operations, want %d", len(file.Ops), len(bf16Ops))
	}
	for _, g := range file.Ops {
		op := bf16Ops[g.Op]
		got := op.run(g.Shape)
		if len(g.Out) != 2*len(got) {
			t.Fatalf("%s: %d results, want %d", g.Op, len(got), len(g.Out)/2)
		}
		different, far := 0, 0
		for i, x := range got {
			have, want := math.Float32bits(x), uint32(binary.LittleEndian.Uint16(g.Out[2*i:]))<<16
			if have != want {
				different++
				far = max(far, int(max(have, want)-min(have, want))>>16)
			}
		}
		t.Logf("%s: %d of %d differ (%d units at most)", g.Op, different, len(got), far)
		if different*1_000_000 > op.perMillion*len(got) {
			t.Errorf("%s: %d of %d results differ from torch's, up to %d units in the last place", g.Op, different, len(got), far)
		}
	}
}
