package stats

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// cell counts the elements that begin with the bits of one bin, or of a part of
// it, by their next 16.
type cell struct {
	prefix uint64
	counts [1 << 16]int64
}

// target is an element that is looked for: the one of that rank among those that
// begin with prefix.
type target struct {
	at     int64 // rank among all
	rank   int64
	prefix uint64
}

// refine reads a tensor of a wide type again, 16 bits of the elements that are
// looked for at a time and once more for the histogram.
func (r *run) refine(ctx context.Context, s *tensor, st *Stats) error {
	r.again.Lock()
	defer r.again.Unlock()
	o := s.order()
	ts := o.targets()
	bits := 8 * s.kind.Width // of a key
	if s.kind.class == double {
		bits = 64
	}
	for known := 16; known < bits; known += 16 {
		p := &pass{s: s, cells: cellsOf(ts), shift: bits - known - 16}
		for _, c := range p.cells {
			p.wanted[c.prefix>>(known-16)] = true
		}
		if err := s.again(ctx, r.o.Threads, p.count); err != nil {
			return err
		}
		for i := range ts {
			ts[i].narrow(p.cells)
		}
	}
	o.exact = map[int64]float64{}
	for _, t := range ts {
		o.exact[t.at] = valueOf(t.prefix, bits)
	}
	st.Quantiles, st.QuantileError = o.quantiles(), 0
	if o.finite == 0 {
		return nil
	}
	h := o.limits()
	var mu sync.Mutex
	st.Histogram = h.empty()
	return s.again(ctx, r.o.Threads, func(b []byte) {
		part := h.empty()
		for ; len(b) > 0; b = b[s.kind.Width:] {
			if x := s.kind.read(b); finite(x) {
				part.put(x, 1)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		st.Histogram.merge(&part)
	})
}

// targets returns the finite neighbours of all levels of all elements, and of
// the ends of the histogram, in order.
func (o *order) targets() []target {
	seen := map[int64]bool{}
	add := func(level float64, first, n int64) {
		if n == 0 {
			return
		}
		lo, hi, _ := ranks(level, first, n)
		seen[lo], seen[hi] = true, true
	}
	for _, level := range Levels {
		add(level, 0, o.count())
	}
	add(Levels[0], o.negInf, o.finite)
	add(Levels[len(Levels)-1], o.negInf, o.finite)
	var ts []target
	for _, at := range slices.Sorted(maps.Keys(seen)) {
		if at >= o.negInf && at < o.negInf+o.finite {
			b, rank := o.bin(at)
			ts = append(ts, target{at, rank, uint64(b.key)})
		}
	}
	return ts
}

func cellsOf(ts []target) []*cell {
	var cs []*cell
	for _, t := range ts { // in order, and so are their prefixes
		if len(cs) == 0 || cs[len(cs)-1].prefix != t.prefix {
			cs = append(cs, &cell{prefix: t.prefix})
		}
	}
	return cs
}

// narrow adds 16 bits to the prefix.
func (t *target) narrow(cs []*cell) {
	for _, c := range cs {
		if c.prefix != t.prefix {
			continue
		}
		for d, n := range c.counts {
			if t.rank < n {
				t.prefix = t.prefix<<16 | uint64(d)
				return
			}
			t.rank -= n
		}
	}
}

// pass is one more reading of a tensor.
type pass struct {
	s      *tensor
	cells  []*cell
	wanted [1 << 16]bool // by the first 16 bits of a key
	shift  int           // of the bits that are counted
}

// count looks at elements.
func (p *pass) count(b []byte) {
	w := p.s.kind.Width
	for ; len(b) > 0; b = b[w:] {
		var key uint64
		var top uint16
		if p.s.kind.class == single {
			key = uint64(ordered32(binary.LittleEndian.Uint32(b)))
			top = uint16(key >> 16)
		} else {
			key = ordered64(math.Float64bits(p.s.kind.read(b)))
			top = uint16(key >> 48)
		}
		if !p.wanted[top] {
			continue
		}
		for _, c := range p.cells {
			if c.prefix == key>>(p.shift+16) {
				atomic.AddInt64(&c.counts[uint16(key>>p.shift)], 1)
				break
			}
		}
	}
}

// again gives all pieces to see, from several goroutines.
func (s *tensor) again(ctx context.Context, threads int, see func(b []byte)) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(int64(threads), s.pieces) {
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = recovered(s, p)
				}
			}()
			buf := make([]byte, pieceElems*s.kind.Width)
			for i := next.Add(1) - 1; i < s.pieces; i = next.Add(1) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				b, err := s.read(i, buf)
				if err != nil {
					return err
				}
				see(b)
			}
			return nil
		})
	}
	return g.Wait()
}

// ordered32 and ordered64 turn the bits of a float into a number that grows with
// it, valueOf such a number of that many bits into the float.
func ordered32(u uint32) uint32 { return u ^ (uint32(int32(u)>>31) | 1<<31) }

func ordered64(u uint64) uint64 { return u ^ (uint64(int64(u)>>63) | 1<<63) }

func valueOf(key uint64, bits int) float64 {
	if bits == 32 {
		u := uint32(key)
		return float64(math.Float32frombits(u ^ (^uint32(int32(u)>>31) | 1<<31)))
	}
	return math.Float64frombits(key ^ (^uint64(int64(key)>>63) | 1<<63))
}
