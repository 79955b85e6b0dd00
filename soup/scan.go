package soup

import (
	"context"
	"runtime"
	"sync"
)

// ranges are parts of a tensor.
type ranges struct {
	n  int64 // how many
	of func(i int64) (at, elements int64)
}

// blocks are those of a tensor of n elements: of about blockLen each, and of a
// multiple of unit.
func blocks(n, unit int64) ranges {
	size := min(n, max(blockLen/unit, 1)*unit)
	if size == 0 {
		return ranges{}
	}
	return ranges{(n + size - 1) / size, func(i int64) (at, elements int64) { return i * size, min(size, n-i*size) }}
}

// sample are short ranges all over a tensor of n elements.
func sample(n int64) ranges {
	k := max(n/sampled/stretch, min(leastSample, n)/stretch, 1)
	k = min(k, mostSample/stretch)
	return ranges{k, func(i int64) (at, elements int64) {
		at = n / k * i
		return at, min(stretch, n-at)
	}}
}

// look is called with the elements of a range, some at a time and in order, from
// element at on: about stretch, and a multiple of unit. It may overwrite them.
type look func(x [][]float64, base []float64, at int64)

// scan reads ranges of the elements of all models, and of the base. begin is
// called for each, by some goroutines at the same time. The end that it returns,
// unless that is nil, is called for one range after the other, in order.
func (t *Tensor) scan(ctx context.Context, unit int64, r ranges, begin func(i int64) (look look, end func() error)) error {
	q := queue{blocks: r.n}
	q.turn.L = &q.mu
	var wg sync.WaitGroup
	for range min(t.scanners(unit), r.n) {
		wg.Go(func() {
			s := t.scanner(unit)
			for i, ok := q.take(); ok; i, ok = q.take() {
				at, n := r.of(i)
				look, end := begin(i)
				q.finish(i, end, s.scan(ctx, at, n, look))
			}
		})
	}
	wg.Wait()
	return q.err
}

// scanners returns how many goroutines read: their memory is bounded.
func (t *Tensor) scanners(unit int64) int64 {
	n := t.threads
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	perElement := int64(0)
	for _, in := range t.all() {
		perElement += in.DType.BlockBytes()
	}
	each := max(blockLen, unit)*perElement + max(stretch, unit)*8*int64(len(t.in)+1)
	return max(1, min(int64(n), scanMemory/each))
}

// all returns the models, and the base last if there is one.
func (t *Tensor) all() []*input {
	if t.base == nil {
		return t.in
	}
	return append(t.in[:len(t.in):len(t.in)], t.base)
}

// scanner is one reader's memory.
type scanner struct {
	t    *Tensor
	step int64 // elements at a time
	in   []*input
	raw  [][]byte    // of a range
	x    [][]float64 // of a step
	mid  []float32
}

func (t *Tensor) scanner(unit int64) *scanner {
	step := max(stretch/unit, 1) * unit
	s := &scanner{t: t, step: step, in: t.all(), mid: make([]float32, step)}
	s.raw = make([][]byte, len(s.in))
	for range s.in {
		s.x = append(s.x, make([]float64, step))
	}
	return s
}

func (s *scanner) scan(ctx context.Context, at, n int64, look look) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, in := range s.in {
		s.raw[i] = grow(s.raw[i], int(n*in.DType.BlockBytes()))
		if err := in.bytes(ctx, s.raw[i], at); err != nil {
			return err
		}
	}
	part := make([][]float64, len(s.in))
	for lo := int64(0); lo < n; lo += s.step {
		k := min(s.step, n-lo)
		for i, in := range s.in {
			part[i] = s.x[i][:k]
			if b := in.DType.BlockBytes(); !widen(part[i], in.DType, s.raw[i][lo*b:(lo+k)*b], s.mid) {
				return in.refuse(part[i], at+lo)
			}
		}
		x, base := part, []float64(nil)
		if s.t.base != nil {
			x, base = part[:len(s.t.in)], part[len(s.t.in)]
		}
		look(x, base, at+lo)
	}
	return nil
}
