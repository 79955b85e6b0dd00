package forward

import (
	"math"

	"olmotool/accel"
	"olmotool/formats/olmo"
)

// frequencies returns the angles by which the pairs of a head turn from one
// position to the next, headDim/2 of them, and the factor of cosines and sines.
//
//	plain   θ^(−2j/headDim)
//	linear  the same divided by the factor
//	yarn    plain for pairs that turn more than β_fast times within the context
//	        that the model was trained with, linear for those that turn less
//	        than β_slow times, and in between a mixture (arXiv:2309.00071)
//
// They are part of what the model is, more than of how it is computed: it was
// trained with float32 frequencies, whose last bits decide about angles at far
// positions (at 4095, by up to 3e-4 rad). So every operation is rounded to
// float32, in the order of transformers, even where the pass computes in float64,
// as transformers' own rotary embeddings do in a float64 model. Exact tables
// would move the logits of tiny models by 1e-8 at 24 tokens, by 2e-7 at 80: as
// far as all that float32 does.
func frequencies(r olmo.Rope, headDim int) (turn []float32, factor float32) {
	turn, factor = make([]float32, headDim/2), 1
	s := float32(r.Factor)
	for j := range turn {
		exponent := float32(2*j) / float32(headDim)
		wave := float32(math.Pow(float64(float32(r.Theta)), float64(exponent)))
		turn[j] = 1 / wave
		switch r.Type {
		case "linear":
			turn[j] /= s
		case "yarn":
			plain := yarnPlain(r, headDim, j)
			turn[j] = float32(1/(s*wave)*(1-plain)) + float32(turn[j]*plain)
		}
	}
	if r.Type == "yarn" {
		factor = float32(or(r.AttentionFactor, 0.1*math.Log(r.Factor)+1))
	}
	return turn, factor
}

// yarnPlain returns how much of pair j turns as if there was no scaling: 1 up to
// the last pair that turns β_fast times, 0 from the first that turns β_slow
// times, and falling in between.
func yarnPlain(r olmo.Rope, headDim, j int) float32 {
	pair := func(turns float64) float64 { // that turns so many times within the context
		context := float64(r.OriginalMaxPositions)
		return float64(headDim) * math.Log(context/(turns*2*math.Pi)) / (2 * math.Log(r.Theta))
	}
	low := max(math.Floor(pair(or(r.BetaFast, 32))), 0)
	high := min(math.Ceil(pair(or(r.BetaSlow, 1))), float64(headDim-1))
	if low == high {
		high += 0.001
	}
	ramp := (float32(j) - float32(low)) / float32(high-low)
	return (1 - min(max(ramp, 0), 1)) * float32(or(r.ExtrapolationFactor, 1))
}

func or(p *float64, otherwise float64) float64 {
	if p == nil {
		return otherwise
	}
	return *p
}

// table has the cosines and sines of the angles of positions first, first+1, …:
// a row for each, of headDim/2 columns.
type table[T accel.Float] struct {
	cos, sin accel.Matrix[T]
}

// rope returns the table of n positions. Angles, cosines and sines are rounded
// to float32, see [frequencies].
func rope[T accel.Float](r olmo.Rope, headDim, first, n int) table[T] {
	turn, factor := frequencies(r, headDim)
	t := table[T]{accel.NewMatrix[T](n, len(turn)), accel.NewMatrix[T](n, len(turn))}
	for i := range n {
		position, cos, sin := float32(first+i), t.cos.Row(i), t.sin.Row(i)
		for j, turn := range turn {
			s, c := math.Sincos(float64(position * turn))
			cos[j], sin[j] = T(float32(c)*factor), T(float32(s)*factor)
		}
	}
	return t
}

// rope returns the table for a layer, with a row for each place of the batch's
// longest sequence. Tables are kept until they are too short.
func (p *Pass[T]) rope(layer int, b Batch) table[T] {
	s := sliding(p.Config, layer)
	if b.First != p.first {
		clear(p.table)
		p.first = b.First
	}
	if n := b.longest(); p.table[s].cos.Rows < n {
		r := p.Config.Rope
		if s {
			r = p.Config.RopeSliding
		}
		p.table[s] = rope[T](r, int(p.Config.HeadDim), b.First, n)
	}
	return p.table[s]
}
