package cpu

import (
	"math/rand/v2"
	"testing"
)

// The operations of a block of a 1B model on 512 tokens. A model has 16 blocks.
func BenchmarkBlock(b *testing.B) {
	const tokens, hidden, heads, ff = 512, 2048, 16, 8192
	r := rand.New(rand.NewPCG(1, 1))
	x, y := random[float32](r, tokens, hidden), random[float32](r, tokens, hidden)
	q, k, v := random[float32](r, tokens, hidden), random[float32](r, tokens, hidden), random[float32](r, tokens, hidden)
	gate, up := random[float32](r, tokens, ff), random[float32](r, tokens, ff)
	out := random[float32](r, tokens, ff)
	cos, sin := random[float32](r, tokens, 64), random[float32](r, tokens, 64)
	at := make([]int, tokens)
	for i := range at {
		at[i] = i
	}
	weight := random[float32](r, 1, hidden).Data
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"RMSNorm", func() { RMSNorm(2, y, x, weight, 1e-6, MultiplyThenCast, Exact) }},
		{"LayerNorm", func() { LayerNorm(2, y, x, 1e-5, Exact) }},
		{"Rotate", func() { Rotate(2, y, heads, cos, sin, at, Exact) }},
		{"SwiGLU", func() { SwiGLU(2, out, gate, up, Exact) }},
		{"SwiGLU-BF16", func() { SwiGLU(2, out, gate, up, BF16) }},
		{"Add", func() { Add(2, y, x, Exact) }},
		{"Clip", func() { Clip(2, q, 3, Exact) }},
		{"Round", func() { Round(gate.Data, BF16) }},
		{"Attention", func() { Attention(2, y, q, k, v, AttentionOptions[float32]{Heads: heads, KVHeads: heads}) }},
		{"Attention-BF16", func() {
			Attention(2, y, q, k, v, AttentionOptions[float32]{Heads: heads, KVHeads: heads, Rounding: BF16})
		}},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run()
			}
		})
	}
}

// A row of probabilities, most of the rest of attention.
func BenchmarkSoftmax(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y := random[float32](r, 1, 512).Data, make([]float32, 512)
	for b.Loop() {
		copy(y, x)
		softmax(y)
	}
}
