package diff

import (
	"bytes"
	"context"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/sweep"
)

const (
	// pieceElems is how many elements are read at a time: whole blocks of every
	// type, and for the common types so little that both sides are still in a
	// second-level cache when they are compared.
	pieceElems = 1 << 17
	// maxRanges is into how many ranges a tensor is cut at most: enough for the
	// cores of any machine, and some kilobytes each.
	maxRanges = 64
	// chunkElems is how many values are decoded at a time: whole blocks, and in the
	// nearest caches.
	chunkElems = 4096
)

// worker is the memory of one thread.
type worker struct {
	bufs [2][]byte
	x, y [chunkElems]float64
	f, g [chunkElems]float32
	p, q [chunkElems]uint64
	half [2 * chunkElems]byte
}

// read reads elements [lo, lo+n) of a tensor, whole blocks, of side i.
func (w *worker) read(i int, t formats.Tensor, lo, n int64) ([]byte, error) {
	e, size := t.DType.BlockElems(), t.DType.BlockBytes()
	if need := n / e * size; int64(len(w.bufs[i])) < need {
		w.bufs[i] = make([]byte, need)
	}
	b := w.bufs[i][:n/e*size]
	if err := formats.ReadFull(t.Data, b, lo/e*size); err != nil {
		return nil, fmt.Errorf("tensor %q of %s: %w", t.Name, sides[i], err)
	}
	return b, nil
}

// rangeOf is how many elements of n a range has: some whole pieces.
func rangeOf(n int64) int64 {
	per := (n + maxRanges - 1) / maxRanges
	return max(1, (per+pieceElems-1)/pieceElems) * pieceElems
}

// measure compares all pairs: once over everything, and once over what is equal
// in those that are not, for their norms.
func (c *comparison) measure(ctx context.Context) error {
	var all []*pair
	for _, p := range c.pairs {
		if p.how == notAtAll {
			continue
		}
		n := p.a.Elements()
		p.equal = make([]bool, (n+pieceElems-1)/pieceElems)
		p.parts = make([]stats, (n+rangeOf(n)-1)/rangeOf(n))
		all = append(all, p)
		c.report.Bytes += p.a.Bytes() + p.b.Bytes()
	}
	advance := c.stage("comparing weights", c.report.Bytes)
	err := eachPiece(ctx, c.Threads, all, func(w *worker, p *pair, s *stats, i int, lo, n int64) error {
		a, err := w.read(0, p.a, lo, n)
		if err != nil {
			return err
		}
		b, err := w.read(1, p.b, lo, n)
		if err != nil {
			return err
		}
		defer advance(int64(len(a) + len(b)))
		if p.a.DType == p.b.DType && bytes.Equal(a, b) {
			p.equal[i] = true
			return nil
		}
		return w.differ(p, s, lo, n, a, b)
	})
	if err != nil {
		return err
	}
	var other []*pair
	var bytes int64
	for _, p := range all {
		if p.anyDiffers() {
			other = append(other, p)
			bytes += p.x.Bytes()
		}
	}
	advance = c.stage("measuring what differs", bytes)
	err = eachPiece(ctx, c.Threads, other, func(w *worker, p *pair, s *stats, i int, lo, n int64) error {
		defer advance(n / p.x.DType.BlockElems() * p.x.DType.BlockBytes())
		if !p.equal[i] || p.how == asBits {
			return nil
		}
		a, err := w.read(0, p.x, lo, n)
		if err != nil {
			return err
		}
		w.same(p, s, a)
		return nil
	})
	for _, p := range other {
		p.found = new(stats)
		for i := range p.parts {
			p.found.merge(&p.parts[i])
		}
	}
	return err
}

// anyDiffers reports whether some piece has other bytes.
func (p *pair) anyDiffers() bool {
	for _, e := range p.equal {
		if !e {
			return true
		}
	}
	return p.kind != Values // of no elements, yet of other types
}

// eachPiece calls f for each piece of the pairs: piece i, of elements [lo, lo+n),
// in the range whose stats are s.
func eachPiece(ctx context.Context, threads int, ps []*pair, f func(w *worker, p *pair, s *stats, i int, lo, n int64) error) error {
	elems := make([]int64, len(ps))
	for i, p := range ps {
		elems[i] = p.a.Elements()
	}
	return sweep.Each(ctx, threads, elems, func(j int) int64 { return rangeOf(elems[j]) }, func(w *worker, j int, lo, n int64) error {
		p := ps[j]
		s := &p.parts[lo/rangeOf(elems[j])]
		for end := lo + n; lo < end; lo += pieceElems {
			if err := f(w, p, s, int(lo/pieceElems), lo, min(pieceElems, end-lo)); err != nil {
				return err
			}
		}
		return nil
	})
}
