// Package sweep goes over many tensors in pieces, with all threads.
package sweep

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Each calls f for each piece [lo, lo+n) of jobs of these many elements, each
// cut every step(job) elements. Pieces are handed out in order; which thread
// takes which is not known, so what f makes of a piece must not depend on it. w
// is the memory of one thread, the zero value at first. The first error ends it.
func Each[W any](ctx context.Context, threads int, elems []int64, step func(job int) int64, f func(w *W, job int, lo, n int64) error) error {
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
			w := new(W)
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
