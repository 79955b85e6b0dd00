package weights

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// worker is the memory of one thread: buffers of both sides that grow to what the
// types need, and what is decoded of them.
type worker struct {
	bufs [2][]byte
	*scratch
}

// scratch is what is decoded of a few elements of both sides.
type scratch struct {
	x, y [decodeElems]float64
	p, q [decodeElems]uint64
	f    [decodeElems]float32
}

// buf returns n bytes of buffer i.
func (w *worker) buf(i int, n int64) []byte {
	if int64(cap(w.bufs[i])) < n {
		w.bufs[i] = make([]byte, n)
	}
	return w.bufs[i][:n]
}

// sweep calls f for each piece [lo, lo+n) of jobs of these many elements, cut
// every step elements, handed out in order.
func sweep(ctx context.Context, threads int, elems []int64, step func(job int) int64, f func(w *worker, job int, lo, n int64) error) error {
	var mu sync.Mutex
	job, at := 0, int64(0)
	next := func() (j int, lo, n int64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		for job < len(elems) && at >= elems[job] {
			job, at = job+1, 0
		}
		if job == len(elems) {
			return 0, 0, 0, false
		}
		lo, n = at, min(step(job), elems[job]-at)
		at += n
		return job, lo, n, true
	}
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, threads) {
		g.Go(func() error {
			w := new(worker)
			for {
				j, lo, n, ok := next()
				if !ok {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := f(w, j, lo, n); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// pieces is the step of a sweep that makes no sums.
func pieces(int) int64 { return pieceElems }

// rangeOf is the step that cuts n elements into at most maxRanges.
func rangeOf(n int64) int64 {
	per := (n + maxRanges - 1) / maxRanges
	return max(1, (per+pieceElems-1)/pieceElems) * pieceElems
}
