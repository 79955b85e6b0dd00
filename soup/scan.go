package soup

import (
	"context"
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
	return t.pass(ctx, t.reader(unit), r, begin)
}

// scanDifferences is scan, where x is what the models differ from the base by, if
// there is one.
func (t *Tensor) scanDifferences(ctx context.Context, unit int64, r ranges, begin func(i int64) (look look, end func() error)) error {
	x := t.reader(unit)
	x.minus = t.base != nil
	return t.pass(ctx, x, r, begin)
}

func (t *Tensor) pass(ctx context.Context, x reader, r ranges, begin func(i int64) (look look, end func() error)) error {
	q := queue{blocks: r.n}
	q.turn.L = &q.mu
	var wg sync.WaitGroup
	for range min(x.readers(t.threads), r.n) {
		wg.Go(func() {
			s := newScanner(x)
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
