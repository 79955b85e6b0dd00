package soup

import (
	"context"
	"fmt"
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

// sample are short ranges all over a tensor of n elements, one in sampled of
// which they have together, if that is not too few.
func sample(n int64) ranges {
	k := max(n/sampled/stretch, min(leastSample, n)/stretch, 1)
	k = min(k, mostSample/stretch)
	return ranges{k, func(i int64) (at, elements int64) {
		at = n / k * i
		return at, min(stretch, n-at)
	}}
}

// look is called with the elements of a range, some at a time, from element at
// on: stretch, if there are so many, or the least multiple of unit beyond it. It
// may overwrite them.
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
	for _, v := range t.all() {
		if in, ok := v.(*input); ok {
			perElement += in.DType.BlockBytes()
		}
	}
	each := max(blockLen, unit)*perElement + max(stretch, unit)*8*int64(len(t.X)+1)
	return max(1, min(int64(n), scanMemory/each))
}

// all returns the models, and the base last if there is one.
func (t *Tensor) all() []Values {
	if t.Base == nil {
		return t.X
	}
	return append(t.X[:len(t.X):len(t.X)], t.Base)
}

// scanner is one reader's memory.
type scanner struct {
	t    *Tensor
	step int64 // elements at a time
	v    []Values
	raw  [][]byte    // of a range, of each that is an [input]
	x    [][]float64 // of a step
	mid  []float32
}

func (t *Tensor) scanner(unit int64) *scanner {
	step := max(stretch/unit, 1) * unit
	s := &scanner{t: t, step: step, v: t.all(), mid: make([]float32, step)}
	s.raw = make([][]byte, len(s.v))
	for range s.v {
		s.x = append(s.x, make([]float64, step))
	}
	return s
}

func (s *scanner) scan(ctx context.Context, at, n int64, look look) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, v := range s.v {
		if in, ok := v.(*input); ok {
			s.raw[i] = grow(s.raw[i], int(n*in.DType.BlockBytes()))
			if err := in.bytes(ctx, s.raw[i], at); err != nil {
				return err
			}
		}
	}
	part := make([][]float64, len(s.v))
	for lo := int64(0); lo < n; lo += s.step {
		k := min(s.step, n-lo)
		for i := range s.v {
			part[i] = s.x[i][:k]
			if err := s.read(ctx, i, part[i], at, lo); err != nil {
				return err
			}
		}
		x, base := part, []float64(nil)
		if s.t.Base != nil {
			x, base = part[:len(s.t.X)], part[len(s.t.X)]
		}
		look(x, base, at+lo)
	}
	return nil
}

// read reads elements of one, from number lo of a range at element at on.
func (s *scanner) read(ctx context.Context, i int, dst []float64, at, lo int64) error {
	if in, ok := s.v[i].(*input); ok {
		if b := in.DType.BlockBytes(); !widen(dst, in.DType, s.raw[i][lo*b:(lo+int64(len(dst)))*b], s.mid) {
			return in.refuse(dst, at+lo)
		}
		return nil
	}
	if err := s.v[i].Read(ctx, dst, at+lo); err != nil {
		return err
	}
	j := beyond(dst)
	if j < 0 {
		return nil
	}
	whose := fmt.Sprintf("model %d", i+1)
	if i == len(s.t.X) {
		whose = "the base"
	}
	return s.t.errorf("found %g at %s of %s, expected a number of at most %g", dst[j], index(s.t.Shape, at+lo+int64(j)), whose, maxElement)
}
