package soup

import (
	"bytes"
	"context"
	"math"
	"sync"
	"sync/atomic"

	"olmotool/formats"
)

// passMemory is what the readers of a pass may hold together, in bytes: there are
// as many of them as threads, unless that many hold more.
const passMemory = 96 << 20

// pass goes over one tensor of all models once.
type pass struct {
	in     []*input // of the models, and of the base last if there is one
	models int
	out    formats.DType
	kernel kernel // that computes the result; nil leaves it out
	unit   int64  // elements that are computed together
	// differ are pairs of models, [i*models+j] with j < i, in which a difference was
	// seen.
	differ []atomic.Bool

	progress func(int64)
	width    int64 // bytes of an element of all models
}

// run measures elements [lo, hi). Blocks are summed by themselves, and their sums
// in order.
func (p *pass) run(ctx context.Context, lo, hi int64, threads int) (*measured, error) {
	total := newMeasured(p.models)
	if lo >= hi {
		return total, nil
	}
	for _, t := range p.in {
		p.width += t.DType.BlockBytes()
	}
	size := min(hi-lo, max(blockLen/p.unit, 1)*p.unit)
	q := queue{blocks: (hi - lo + size - 1) / size}
	q.turn.L = &q.mu
	each := size * int64(len(p.in)+4) * 16
	var wg sync.WaitGroup
	for range min(max(1, min(int64(threads), passMemory/each)), q.blocks) {
		wg.Go(func() {
			w := &passer{pass: p}
			for i, ok := q.take(); ok; i, ok = q.take() {
				at := lo + i*size
				part, err := w.block(ctx, at, min(size, hi-at))
				q.finish(i, func() error { total.add(part); return nil }, err)
			}
		})
	}
	wg.Wait()
	return total, q.err
}

// passer is one reader's memory.
type passer struct {
	*pass
	raw  [][]byte
	x    [][]float64
	y, z []float64 // the result before and after rounding
	mid  []float32
	out  []byte

	scratch scratch
}

// block measures n elements.
func (w *passer) block(ctx context.Context, at, n int64) (*measured, error) {
	for len(w.x) < len(w.in) {
		w.raw, w.x = append(w.raw, nil), append(w.x, nil)
	}
	w.mid = grow(w.mid, int(n))
	for i, t := range w.in {
		w.raw[i], w.x[i] = grow(w.raw[i], int(n*t.DType.BlockBytes())), grow(w.x[i], int(n))
		if err := t.bytes(ctx, w.raw[i], at); err != nil {
			return nil, err
		}
		if widen(w.x[i], t.DType, w.raw[i], w.mid) || t.anyway {
			continue
		}
		if _, ok := w.kernel.(*ranged); ok {
			return nil, t.refuse(w.x[i], at)
		}
		if j := finite(w.x[i]); j >= 0 {
			return nil, t.notFinite(at+int64(j), w.x[i][j])
		}
	}
	s := newMeasured(w.models)
	s.elements = n
	w.compare()
	if w.kernel != nil {
		if err := w.result(s, at, n); err != nil {
			return nil, err
		}
	}
	v := make([][]float64, 1, w.models+1) // the reference, and the differences from it
	if w.models < len(w.in) {
		v[0] = w.x[w.models]
	} else {
		w.y = grow(w.y, int(n))
		copy(w.y, w.x[0])
		v[0] = w.y
	}
	for _, x := range w.x[:w.models] {
		subtract(x, x, v[0])
		v = append(v, x)
	}
	s.gram = products(v)
	if w.progress != nil {
		w.progress(n * w.width)
	}
	return s, nil
}

// compare looks for a difference in each pair of models that has shown none.
func (w *passer) compare() {
	for i := range w.models {
		for j := range i {
			if p := &w.differ[i*w.models+j]; !p.Load() && !w.same(i, j) {
				p.Store(true)
			}
		}
	}
}

func (w *passer) same(i, j int) bool {
	if w.in[i].DType == w.in[j].DType {
		return bytes.Equal(w.raw[i], w.raw[j])
	}
	y := w.x[j]
	for k, v := range w.x[i] {
		if math.Float64bits(v) != math.Float64bits(y[k]) {
			return false
		}
	}
	return true
}
