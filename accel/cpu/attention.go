package cpu

import (
	"math"
	"sync"

	"olmotool/accel"
)

// AttentionOptions say who sees whom.
type AttentionOptions[T accel.Float] struct {
	// Heads is the number of heads of queries, a multiple of KVHeads, that of
	// keys and values: query head h reads head ⌊h·KVHeads/Heads⌋ of these.
	Heads, KVHeads int
	// Window is how many keys a query sees, its own the last; 0: all up to its
	// own.
	Window   int
	Rounding Rounding
	// Scores and Probs are shown blocks of what attention has between, and may
	// change what a query can see; nil: nobody is. Calls come from several
	// goroutines at once.
	Scores, Probs Look[T]
}

// Look is shown a block of one head: element [i, j] belongs to query row+i and
// key key+j. Where the query does not see the key, scores are −Inf and
// probabilities 0, and must stay so. The block is the callee's until it returns.
type Look[T accel.Float] func(head, row, key int, block accel.Matrix[T])

// blockRows is how many queries attention takes at a time: enough for the
// products to be of matrices, few enough for a block of scores, which has a
// column for each key, to be small beside the activations.
const blockRows = 64

// keyChain is the length of sums over keys: always the same, so that what a
// query gets does not depend on how many tokens follow it.
const keyChain = 32

// Attention sets y to the attention of one sequence: for each head
// softmax(q·kᵀ/√d)·v, each query seeing its own key and those before it. q and y
// are [tokens, Heads·d], k and v [tokens, KVHeads·d]. y may be q.
//
// What it needs besides is a copy of v, and on each thread a block of scores.
// Rounded are q·kᵀ, the scaled scores, the probabilities and the result.
func Attention[T accel.Float](threads int, y, q, k, v accel.Matrix[T], o AttentionOptions[T]) {
	mustMatch(y, q)
	mustMatch(k, v)
	must(k.Rows == q.Rows, badShape)
	must(o.Heads > 0 && o.KVHeads > 0 && o.Heads%o.KVHeads == 0 && q.Cols%o.Heads == 0 && k.Cols == q.Cols/o.Heads*o.KVHeads, badHeads)
	must(o.Window >= 0, badWindow)
	a := attention[T]{
		y: y, q: q, k: k, v: v, vt: transposed(threads, v), infinite: make([]bool, o.KVHeads),
		d: q.Cols / o.Heads, AttentionOptions: o,
	}
	split(threads, o.KVHeads, 1, func(kv, _ int) { a.setAside(kv) })
	blocks := (q.Rows + blockRows - 1) / blockRows
	split(threads, blocks*o.Heads, 1, func(i, _ int) {
		a.block(i%o.Heads, (blocks-1-i/o.Heads)*blockRows) // the longest first
	})
}

type attention[T accel.Float] struct {
	y, q, k, v accel.Matrix[T]
	vt         accel.Matrix[T] // the finite values of v, transposed: [KVHeads·d, tokens]
	infinite   []bool          // which heads of v have others
	d          int
	scores     sync.Pool // of *[]T, each enough for a block
	AttentionOptions[T]
}

// first returns the first key that a query sees.
func (a *attention[T]) first(query int) int {
	if a.Window == 0 {
		return 0
	}
	return max(0, query-a.Window+1)
}

// keys returns how many keys a block of queries sees at most.
func (a *attention[T]) keys() int {
	if a.Window == 0 || a.Window > a.k.Rows {
		return a.k.Rows
	}
	return min(a.k.Rows, a.Window+blockRows-1)
}

// block computes what queries [row, row + blockRows) of one head get.
func (a *attention[T]) block(head, row int) {
	end := min(row+blockRows, a.q.Rows)
	key := a.first(row)
	buf, _ := a.scores.Get().(*[]T)
	if buf == nil {
		buf = new(make([]T, blockRows*a.keys()))
	}
	defer a.scores.Put(buf)
	s := accel.Matrix[T]{Rows: end - row, Cols: end - key, Data: (*buf)[:(end-row)*(end-key)]}
	kv := head * a.KVHeads / a.Heads
	qAt, kAt := head*a.d, kv*a.d
	gemm(s.Data, s.Cols, a.q.Data[row*a.q.Cols+qAt:], a.q.Cols, s.Rows, a.k.Data[key*a.k.Cols+kAt:], a.k.Cols, s.Cols, a.d, chainOf(a.d))
	Round(s.Data, a.Rounding)
	scale(s.Data, s.Data, T(1/math.Sqrt(float64(a.d))))
	Round(s.Data, a.Rounding)
	a.mask(s, row, key, T(math.Inf(-1)))
	if a.Scores != nil {
		a.Scores(head, row, key, s)
	}
	for i := range s.Rows {
		softmax(s.Row(i)[a.first(row+i)-key : row+i+1-key])
	}
	a.mask(s, row, key, 0)
	Round(s.Data, a.Rounding)
	if a.Probs != nil {
		a.Probs(head, row, key, s)
	}
	y := a.y.Data[row*a.y.Cols+qAt:]
	gemm(y, a.y.Cols, s.Data, s.Cols, s.Rows, a.vt.Data[kAt*a.vt.Cols+key:], a.vt.Cols, a.d, s.Cols, keyChain)
	for i := range s.Rows {
		y := y[i*a.y.Cols:][:a.d]
		if a.infinite[kv] {
			a.addInfinite(y, s.Row(i)[a.first(row+i)-key:row+i+1-key], a.first(row+i), kAt)
		}
		Round(y, a.Rounding)
	}
}

// A product with the probability 0 of a key that a query does not see would be
// NaN where the value is NaN or infinite. So these are set aside, and reach only
// the queries that see them.

// setAside replaces the values of a head that are not finite by 0.
func (a *attention[T]) setAside(kv int) {
	head := a.vt.Data[kv*a.d*a.vt.Cols : (kv+1)*a.d*a.vt.Cols]
	if s := sumSquares(head); s-s == 0 {
		return
	}
	for i, v := range head {
		if v-v != 0 {
			head[i], a.infinite[kv] = 0, true
		}
	}
}

// addInfinite adds to y, which one query gets of the finite values, the others:
// probs are those of the keys from the given one on, at is the head's column in v.
func (a *attention[T]) addInfinite(y, probs []T, key, at int) {
	for j, p := range probs {
		for c, v := range a.v.Row(key + j)[at : at+a.d] {
			if v-v != 0 {
				y[c] += T(p * v)
			}
		}
	}
}

// mask sets what queries do not see to x.
func (a *attention[T]) mask(s accel.Matrix[T], row, key int, x T) {
	for i := range s.Rows {
		r := s.Row(i)
		fill(r[:a.first(row+i)-key], x)
		fill(r[row+i+1-key:], x)
	}
}

func fill[T any](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}

// transposed returns the transpose of x.
func transposed[T accel.Float](threads int, x accel.Matrix[T]) accel.Matrix[T] {
	t := accel.NewMatrix[T](x.Cols, x.Rows)
	// Sixteen rows of x make whole lines of cache in t; more than eight such lines
	// at a time may be too many for a cache if they are a power of two apart.
	split(threads, x.Rows, 16, func(lo, hi int) {
		for c := 0; c < x.Cols; c += 8 {
			for i := lo; i < hi; i++ {
				for j, v := range x.Row(i)[c:min(c+8, x.Cols)] {
					t.Data[(c+j)*t.Cols+i] = v
				}
			}
		}
	})
	return t
}
