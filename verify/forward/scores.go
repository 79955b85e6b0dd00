package forward

import (
	"fmt"
	"math"

	"olmotool/accel"
	"olmotool/accel/cpu"
)

// show lets the tap see, and change, the scores and the probabilities of one
// sequence, and returns options that compute with what it leaves. The first
// attention collects the scores; the second is given them, and collects the
// probabilities.
func (b *block[T]) show(q, k, v accel.Matrix[T], o cpu.AttentionOptions[T]) (cpu.AttentionOptions[T], error) {
	if n := int64(q.Rows); n*n > maxActivations/int64(o.Heads) {
		return o, fmt.Errorf("found a sequence of %d tokens, expected a shorter one for scores of %d heads", n, o.Heads)
	}
	y := accel.NewMatrix[T](q.Rows, q.Cols)
	scores := newSquares(q.Rows, o, T(math.Inf(-1)))
	o.Scores = scores.collect
	cpu.Attention(b.options.Threads, y, q, k, v, o)
	if err := b.tap(Scores, scores.m); err != nil {
		return o, err
	}
	probs := newSquares(q.Rows, o, 0)
	o.Scores, o.Probs = scores.replace, probs.collect
	cpu.Attention(b.options.Threads, y, q, k, v, o)
	if err := b.tap(Probs, probs.m); err != nil {
		return o, err
	}
	o.Scores, o.Probs = nil, probs.replace
	return o, nil
}

// squares has a number for each query, head and key of a sequence.
type squares[T accel.Float] struct {
	m      accel.Matrix[T] // [tokens, heads × tokens]
	window int
}

func newSquares[T accel.Float](tokens int, o cpu.AttentionOptions[T], unseen T) squares[T] {
	s := squares[T]{accel.NewMatrix[T](tokens, o.Heads*tokens), o.Window}
	for i := range s.m.Data {
		s.m.Data[i] = unseen
	}
	return s
}

// each calls f with what query row+i sees of a block, and where it is kept.
func (s squares[T]) each(head, row, key int, block accel.Matrix[T], f func(block, kept []T)) {
	for i := range block.Rows {
		query := row + i
		lo := key
		if s.window > 0 {
			lo = max(lo, query+1-s.window)
		}
		hi := min(key+block.Cols, query+1)
		kept := s.m.Row(query)[head*s.m.Rows:]
		f(block.Row(i)[lo-key:hi-key], kept[lo:hi])
	}
}

func (s squares[T]) collect(head, row, key int, block accel.Matrix[T]) {
	s.each(head, row, key, block, func(block, kept []T) { copy(kept, block) })
}

func (s squares[T]) replace(head, row, key int, block accel.Matrix[T]) {
	s.each(head, row, key, block, func(block, kept []T) { copy(block, kept) })
}
