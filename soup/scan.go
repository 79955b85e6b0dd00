package soup

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// scan reads the elements of all models, and those of the base, once: in blocks
// of about blockLen, and of a multiple of unit. work is called for each, by some
// goroutines at the same time, and may overwrite what it is given. What it
// returns, unless that is nil, is called for one block after the other, in order.
func (t *Tensor) scan(ctx context.Context, unit int64, work func(x [][]float64, base []float64, at int64) (func() error, error)) error {
	n := t.elements()
	if n == 0 {
		return nil
	}
	size := min(n, max(blockLen/unit, 1)*unit)
	q := queue{blocks: (n + size - 1) / size}
	q.turn.L = &q.mu
	var wg sync.WaitGroup
	for range min(int64(runtime.GOMAXPROCS(0)), maxScanners, q.blocks) {
		wg.Go(func() {
			s := t.scanner(size)
			for i, ok := q.take(); ok; i, ok = q.take() {
				x, base, err := s.read(ctx, i*size, min(size, n-i*size))
				var done func() error
				if err == nil {
					done, err = work(x, base, i*size)
				}
				q.finish(i, done, err)
			}
		})
	}
	wg.Wait()
	return q.err
}

// queue hands out blocks, and lets them finish in order.
type queue struct {
	mu              sync.Mutex
	turn            sync.Cond
	blocks          int64
	taken, finished int64
	err             error // the first
}

func (q *queue) take() (i int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || q.taken == q.blocks {
		return 0, false
	}
	q.taken++
	return q.taken - 1, true
}

func (q *queue) finish(i int64, done func() error, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.finished != i && q.err == nil {
		q.turn.Wait()
	}
	if q.err != nil {
		return
	}
	if err == nil && done != nil {
		err = done()
	}
	q.err = err
	q.finished++
	q.turn.Broadcast()
}

// scanner is one reader's memory.
type scanner struct {
	t    *Tensor
	x    [][]float64
	base []float64
}

func (t *Tensor) scanner(size int64) *scanner {
	s := &scanner{t: t, x: make([][]float64, len(t.X))}
	for i := range s.x {
		s.x[i] = make([]float64, size)
	}
	if t.Base != nil {
		s.base = make([]float64, size)
	}
	return s
}

func (s *scanner) read(ctx context.Context, at, n int64) (x [][]float64, base []float64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	x = make([][]float64, len(s.x))
	for i, v := range s.t.X {
		x[i] = s.x[i][:n]
		if err := s.t.read(ctx, v, fmt.Sprintf("model %d", i+1), x[i], at); err != nil {
			return nil, nil, err
		}
	}
	if s.t.Base != nil {
		base = s.base[:n]
		if err := s.t.read(ctx, s.t.Base, "the base", base, at); err != nil {
			return nil, nil, err
		}
	}
	return x, base, nil
}
