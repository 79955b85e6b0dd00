package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"olmotool/accel"
)

// sequence is a sequence to attend to.
type sequence[T accel.Float] struct {
	q, k, v accel.Matrix[T]
	o       AttentionOptions[T]
}

func randomSequence[T accel.Float](r *rand.Rand, tokens, heads, kvHeads, d, window int) sequence[T] {
	return sequence[T]{
		random[T](r, tokens, heads*d), random[T](r, tokens, kvHeads*d), random[T](r, tokens, kvHeads*d),
		AttentionOptions[T]{Heads: heads, KVHeads: kvHeads, Window: window},
	}
}

func drawSequence[T accel.Float](t *rapid.T) sequence[T] {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	kv := rapid.IntRange(1, 3).Draw(t, "kv heads")
	return randomSequence[T](r, rapid.IntRange(0, 5*blockRows/2).Draw(t, "tokens"), kv*rapid.IntRange(1, 3).Draw(t, "group"), kv,
		rapid.IntRange(1, 20).Draw(t, "d"), rapid.IntRange(0, 2*blockRows).Draw(t, "window"))
}

func (s sequence[T]) attend(threads int) accel.Matrix[T] {
	y := accel.NewMatrix[T](s.q.Rows, s.q.Cols)
	fill(y.Data, T(math.NaN())) // all of which must go
	Attention(threads, y, s.q, s.k, s.v, s.o)
	return y
}

func (s sequence[T]) naive() (y accel.Matrix[float64], scores, probs []accel.Matrix[float64]) {
	return naiveAttention(widen(s.q), widen(s.k), widen(s.v), s.o.Heads, s.o.KVHeads, s.o.Window)
}

func TestAttention(t *testing.T) {
	t.Run("float32", rapid.MakeCheck(checkAttention[float32]))
	t.Run("float64", rapid.MakeCheck(checkAttention[float64]))
}

func checkAttention[T accel.Float](t *rapid.T) {
	s := drawSequence[T](t)
	want, _, _ := s.naive()
	y := s.attend(1)
	near(t, "attention", y.Data, want.Data, 30)
	same(t, "attention on three threads", s.attend(3).Data, y.Data)
	inPlace := clone(s.q)
	Attention(2, inPlace, inPlace, s.k, s.v, s.o)
	same(t, "attention in place", inPlace.Data, y.Data)
}

// Tokens do not depend on those that follow, to the bit.
func TestAttentionOfTheBeginning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSequence[float32](t)
		n := rapid.IntRange(0, s.q.Rows).Draw(t, "first")
		whole := s.attend(1)
		s.q, s.k, s.v = s.q.Slice(0, n), s.k.Slice(0, n), s.v.Slice(0, n)
		same(t, "the beginning", s.attend(1).Data, whole.Slice(0, n).Data)
	})
}

// What is not finite reaches the queries that see it, and no others.
func TestAttentionNotFinite(t *testing.T) {
	const tokens, heads, kvHeads, d = 150, 4, 2, 5
	for _, window := range []int{0, 20} {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			for _, at := range []int{0, 70, tokens - 1} {
				r := rand.New(rand.NewPCG(14, uint64(at)))
				s := randomSequence[float32](r, tokens, heads, kvHeads, d, window)
				clean := s.attend(1)
				sees := func(i, h int) bool { // the second head of k and v
					return i >= at && (window == 0 || i-at < window) && h >= heads/kvHeads
				}
				check := func(what string, differs func(i, h, c int) bool, nan bool) {
					t.Helper()
					y := s.attend(1)
					for i := range y.Data {
						row, h, c := i/(heads*d), i%(heads*d)/d, i%d
						g, w := y.Data[i], clean.Data[i]
						if !differs(row, h, c) {
							if g != w {
								t.Fatalf("%s: %g for query %d of head %d, which does not see it, want %g", what, g, row, h, w)
							}
						} else if g == g && (nan || g-g == 0) {
							t.Fatalf("%s: %g for query %d of head %d, which sees it", what, g, row, h)
						}
					}
				}
				what := fmt.Sprintf("%g at token %d, window %d", bad, at, window)

				v := s.v.Row(at)[d+3]
				s.v.Row(at)[d+3] = bad
				check(what+" of v", func(i, h, c int) bool { return sees(i, h) && c == 3 }, bad != bad)
				s.v.Row(at)[d+3] = v

				if bad != bad { // an infinite key may be one of probability 0
					k := s.k.Row(at)[d+3]
					s.k.Row(at)[d+3] = bad
					check(what+" of k", func(i, h, c int) bool { return sees(i, h) }, true)
					s.k.Row(at)[d+3] = k

					q := s.q.Row(at)[3]
					s.q.Row(at)[3] = bad
					check(what+" of q", func(i, h, c int) bool { return i == at && h == 0 }, true)
					s.q.Row(at)[3] = q
				}
			}
		}
	}
}

// Scores and probabilities are shown once, and all.
func TestAttentionLook(t *testing.T) {
	for _, window := range []int{0, 10, 100} {
		s := randomSequence[float64](rand.New(rand.NewPCG(15, 1)), 150, 4, 2, 8, window)
		_, scores, probs := s.naive()
		gather := func(n *int, into []accel.Matrix[float64]) Look[float64] {
			var mu sync.Mutex
			return func(head, row, key int, b accel.Matrix[float64]) {
				mu.Lock()
				defer mu.Unlock()
				*n += b.Rows
				for i := range b.Rows {
					copy(into[head].Row(row + i)[key:], b.Row(i))
				}
			}
		}
		empty := func(v float64) (m []accel.Matrix[float64]) {
			for range s.o.Heads {
				m = append(m, accel.NewMatrix[float64](150, 150))
				fill(m[len(m)-1].Data, v)
			}
			return m
		}
		gotScores, gotProbs, nScores, nProbs := empty(math.Inf(-1)), empty(0), 0, 0
		s.o.Scores, s.o.Probs = gather(&nScores, gotScores), gather(&nProbs, gotProbs)
		s.attend(2)
		if nScores != 4*150 || nProbs != 4*150 {
			t.Errorf("shown %d rows of scores, %d of probabilities, want %d", nScores, nProbs, 4*150)
		}
		for h := range scores {
			for i, w := range scores[h].Data {
				if g := gotScores[h].Data[i]; g != w && !(math.Abs(g-w) < 1e-12) {
					t.Fatalf("score of head %d at [%d %d]: %g, want %g", h, i/150, i%150, g, w)
				}
			}
			near(t, "probabilities", gotProbs[h].Data, probs[h].Data, 30)
		}
	}
}

// What is changed counts.
func TestAttentionLookChanges(t *testing.T) {
	s := randomSequence[float32](rand.New(rand.NewPCG(16, 1)), 100, 2, 2, 8, 0)
	s.o.Scores = func(head, row, key int, b accel.Matrix[float32]) {
		for i := range b.Rows {
			fill(b.Row(i)[:row+i+1-key], 3) // all the same
		}
	}
	y := s.attend(1)
	for i := range y.Rows {
		mean := make([]float64, y.Cols)
		for c := range mean {
			for j := range i + 1 {
				mean[c] += float64(s.v.Row(j)[c]) / float64(i+1)
			}
		}
		near(t, "mean", y.Row(i), mean, 200)
	}
	s.o.Scores = nil
	s.o.Probs = func(head, row, key int, b accel.Matrix[float32]) {
		fill(b.Data, 0)
		for i := range b.Rows {
			b.Row(i)[0] = 2 // the first key alone
		}
	}
	y = s.attend(1)
	for i := range y.Rows {
		for c := range y.Cols {
			if g, w := y.Row(i)[c], 2*s.v.Row(0)[c]; g != w {
				t.Fatalf("%g at [%d %d], want %g", g, i, c, w)
			}
		}
	}
}

// In bfloat16 all between is of bfloat16.
func TestAttentionBF16(t *testing.T) {
	s := randomSequence[float32](rand.New(rand.NewPCG(17, 1)), 90, 2, 1, 8, 0)
	exact := s.attend(1)
	check := func(what string, x []float32) {
		for _, v := range x {
			if bf16(v) != v {
				t.Errorf("%s: %x", what, v)
				return
			}
		}
	}
	s.o.Rounding = BF16
	s.o.Scores = func(_, _, _ int, b accel.Matrix[float32]) { check("scores", b.Data) }
	s.o.Probs = func(_, _, _ int, b accel.Matrix[float32]) { check("probabilities", b.Data) }
	y := s.attend(1)
	check("result", y.Data)
	near(t, "result", y.Data, widen(exact).Data, 0x1p16*4)
	if slices.Equal(y.Data, exact.Data) {
		t.Error("no difference to float32")
	}
}

func TestAttentionShapes(t *testing.T) {
	attend := func(qRows, qCols, kRows, kCols, heads, kvHeads, window int) func() {
		q, k := accel.NewMatrix[float32](qRows, qCols), accel.NewMatrix[float32](kRows, kCols)
		return func() {
			Attention(1, q, q, k, k, AttentionOptions[float32]{Heads: heads, KVHeads: kvHeads, Window: window})
		}
	}
	refused(t, map[string]func(){
		"tokens":          attend(3, 8, 2, 4, 2, 1, 0),
		"heads of keys":   attend(3, 8, 3, 8, 2, 1, 0),
		"groups":          attend(3, 6, 3, 4, 3, 2, 0),
		"no heads":        attend(3, 8, 3, 8, 0, 0, 0),
		"negative window": attend(3, 8, 3, 8, 1, 1, -1),
	})
}
