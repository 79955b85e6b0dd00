package text

import (
	"context"
	"testing"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// script is a pass whose logits are made up: rows of them, one for each scored
// position in the order of the text.
type script[T accel.Float] struct {
	t      *testing.T
	text   pieces
	layers int
	logits accel.Matrix[T]

	tokens int // embedded so far
	head   int // calls of the head
}

// Embed gives each token its number in the text.
func (s *script[T]) Embed(_ context.Context, b forward.Batch) (accel.Matrix[T], error) {
	x := accel.NewMatrix[T](b.Tokens(), 2)
	for i := range x.Rows {
		x.Row(i)[0] = T(s.tokens + i)
	}
	s.tokens += x.Rows
	return x, nil
}

// Block counts in the second column.
func (s *script[T]) Block(_ context.Context, layer int, b forward.Batch, x accel.Matrix[T], _ forward.Tap[T]) error {
	for i := range x.Rows {
		if r := x.Row(i); r[1] == T(layer) {
			r[1]++
		}
	}
	return nil
}

func (s *script[T]) Norm(x accel.Matrix[T]) error {
	for i := range x.Rows {
		x.Row(i)[1] *= -1
	}
	return nil
}

func (s *script[T]) Logits(_ context.Context, x accel.Matrix[T]) (accel.Matrix[T], error) {
	s.head++
	y := accel.NewMatrix[T](x.Rows, s.logits.Cols)
	for i := range x.Rows {
		r := x.Row(i)
		if r[1] != T(-s.layers) {
			s.t.Errorf("a row came to the head after %v layers and the norm, want %d", -r[1], s.layers)
		}
		piece, position := int(r[0])/s.text.context, int(r[0])%s.text.context
		row := piece*s.text.scored() + position - s.text.first()
		copy(y.Row(i), s.logits.Row(row))
	}
	return y, nil
}

// scripts returns passes of these logits, with two layers and three.
func scripts[T accel.Float](t *testing.T, text pieces, logits ...accel.Matrix[T]) []model[T] {
	var out []model[T]
	for i, l := range logits {
		s := &script[T]{t: t, text: text, layers: 2 + i, logits: l}
		c := &olmo.Config{NumHiddenLayers: int64(s.layers), VocabSize: int64(l.Cols), MaxPositionEmbeddings: 1 << 20, HiddenSize: 2, IntermediateSize: 2}
		out = append(out, model[T]{s, []string{"ref", "cand"}[i], c})
	}
	return out
}

// source is the generator of testdata/llama.py.
type source uint64

func (s *source) next16() int {
	*s = *s*6364136223846793005 + 1442695040888963407
	return int(*s >> 48)
}

// madeUp returns the logits of two models, and the tokens that came.
func madeUp[T accel.Float](rows, vocab int) (ref, cand accel.Matrix[T], came []int32) {
	s := source(1)
	ref, cand = accel.NewMatrix[T](rows, vocab), accel.NewMatrix[T](rows, vocab)
	for i := range rows {
		b, q := ref.Row(i), cand.Row(i)
		for j := range b {
			b[j] = T(s.next16()) * 0x1p-13
		}
		low, high := s.next16()%vocab, s.next16()%vocab
		b[low] = 0
		b[high] = 65535 * 0x1p-13
		if low == high {
			b[(low+1)%vocab] = 0
		}
		for j := range q {
			q[j] = b[j] + T(s.next16()-32768)*0x1p-17
		}
		came = append(came, int32(s.next16()%vocab))
	}
	return ref, cand, came
}

// place returns the ids of a text in whose pieces these tokens come at the scored
// positions; all others are 0.
func place(context int, came []int32) pieces {
	p := pieces{name: "text", context: context}
	n := len(came) / p.scored()
	p.ids = make([]int32, n*context)
	for i := range n {
		copy(p.came(i), came[i*p.scored():])
	}
	return p
}
