package soup

import (
	"context"
	"runtime"
)

// reader is how a tensor is read.
type reader struct {
	in    []*input // the models, and the base last if there is one
	based bool     // there is
	minus bool     // it is taken from the models
	step  int64    // elements at a time
}

func (t *Tensor) reader(unit int64) reader {
	r := reader{in: t.in, step: max(stretch/unit, 1) * unit}
	if t.base != nil {
		r.in, r.based = append(t.in[:len(t.in):len(t.in)], t.base), true
	}
	return r
}

// readers returns how many of them the threads are: their memory is bounded.
func (r *reader) readers(threads int) int64 {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	each := r.step * 8 * int64(len(r.in))
	for _, in := range r.in {
		each += max(blockLen, r.step) * in.DType.BlockBytes()
	}
	return max(1, min(int64(threads), scanMemory/each))
}

// scanner is one reader's memory.
type scanner struct {
	reader
	raw [][]byte    // of a range
	x   [][]float64 // of a step
	mid []float32
}

func newScanner(r reader) *scanner {
	s := &scanner{reader: r, raw: make([][]byte, len(r.in)), mid: make([]float32, r.step)}
	for range r.in {
		s.x = append(s.x, make([]float64, r.step))
	}
	return s
}

// scan reads n elements from element at on.
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
		hi := min(lo+s.step, n)
		x, base := part, []float64(nil)
		for i := range s.in {
			part[i] = s.x[i][:hi-lo]
		}
		if s.based {
			last := len(s.in) - 1
			x, base = part[:last], part[last]
			if !s.widen(last, base, nil, lo) {
				return s.in[last].refuse(base, at+lo)
			}
		}
		for i, x := range x {
			if !s.widen(i, x, base, lo) {
				s.widen(i, x, nil, lo)
				return s.in[i].refuse(x, at+lo)
			}
		}
		look(x, base, at+lo)
	}
	return nil
}

// widen decodes elements of one, from number lo of those that were read on.
func (s *scanner) widen(i int, dst, base []float64, lo int64) bool {
	d := s.in[i].DType
	raw := s.raw[i][lo*d.BlockBytes() : (lo+int64(len(dst)))*d.BlockBytes()]
	if s.minus && base != nil {
		return widenMinus(dst, d, raw, base, s.mid)
	}
	return widen(dst, d, raw, s.mid)
}
