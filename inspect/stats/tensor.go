package stats

import (
	"fmt"
	"math"
	"sync"

	"olmotool/formats"
	"olmotool/internal/element"
)

// pieceElems is how many elements are read at a time. The shape of sums depends
// on it and on blockElems.
const pieceElems = 256 << 10

// tensor is what has been gathered of one tensor.
type tensor struct {
	index    int
	t        formats.Tensor // quantised ones as F32
	stored   formats.Tensor
	kind     *kind
	elements int64
	pieces   int64
	dead     *dead

	mu       sync.Mutex
	left     int64 // pieces that have not been merged
	counts   *[1 << 16]int64
	bins     []bin // what counts were, when all is merged
	seen     seen
	firstBad int64 // -1 if all are finite

	// Moments are joined in the order of pieces; those of later pieces wait.
	moments moments
	next    int64
	waiting map[int64]moments
}

func place(t formats.Tensor) string { return fmt.Sprintf("tensor %q", t.Name) }

// newTensor returns nil for a type that cannot be looked at.
func newTensor(i int, t formats.Tensor) (*tensor, error) {
	k, ok := kindOf(t.DType)
	if !ok {
		return nil, nil
	}
	s := &tensor{index: i, t: t, stored: t, kind: k, seen: newSeen(), firstBad: -1}
	want, err := formats.BytesOf(t.DType, t.Shape)
	if err == nil && t.Data.Size() != want {
		err = fmt.Errorf("found %d bytes, expected %d for %s %v", t.Data.Size(), want, t.DType, t.Shape)
	}
	if err == nil {
		s.t, err = element.Plain(t)
	}
	if err != nil {
		return nil, formats.Errorf(t.Origin.File, place(t), "%w", err)
	}
	s.elements = t.Elements()
	s.pieces = (s.elements-1)/pieceElems + 1
	if s.elements == 0 {
		s.pieces = 0
	}
	s.left = s.pieces
	s.dead = newDead(t.Shape, k)
	return s, nil
}

// read fills b with piece i and returns how much it is.
func (s *tensor) read(i int64, b []byte) ([]byte, error) {
	first := i * pieceElems
	n := min(pieceElems, s.elements-first)
	b = b[:n*int64(s.kind.Width)]
	if err := formats.ReadFull(s.t.Data, b, first*int64(s.kind.Width)); err != nil {
		return nil, readError(s.stored, err)
	}
	return b, nil
}

// counter is what one goroutine has counted of one tensor.
type counter struct {
	patterns patterns
	n        int64 // in patterns
	pieces   int64
	bad      int64 // that are not finite, of narrow types
	seen     seen
	firstBad int64
	vals     [blockElems]float64
}

func newCounter() *counter { return &counter{seen: newSeen(), firstBad: math.MaxInt64} }

// add counts the elements b of piece i.
func (c *counter) add(s *tensor, i int64, b []byte) {
	first := i * pieceElems
	if s.dead != nil {
		s.dead.see(first, b, s.kind)
	}
	if s.kind.class == narrow {
		c.narrow(s.kind, b)
		if bad := c.count(s.kind.bad); bad > c.bad {
			c.bad = bad
			c.find(s.kind, first, b)
		}
	} else {
		bad := c.seen.notFinite()
		s.join(i, c.wide(s.kind, b))
		if c.seen.notFinite() > bad {
			c.find(s.kind, first, b)
		}
	}
	c.n += int64(len(b) / s.kind.Width)
	c.pieces++
}

func (c *counter) narrow(k *kind, b []byte) {
	if k.Width == 1 {
		c.patterns.add8(b)
		return
	}
	c.patterns.add16(b)
}

// wide counts elements and returns their moments.
func (c *counter) wide(k *kind, b []byte) (m moments) {
	for len(b) > 0 {
		n := min(len(b), blockElems*k.Width)
		vals := c.vals[:0]
		if k.class == single {
			vals = c.seen.add32(&c.patterns, b[:n], vals)
		} else {
			vals = c.seen.add64(&c.patterns, b[:n], k, vals)
		}
		m.join(momentsOf(vals))
		b = b[n:]
	}
	return m
}

func (c *counter) count(ps []uint16) (n int64) {
	for _, p := range ps {
		n += int64(c.patterns[p])
	}
	return n
}

// find notes the first element of b that is not finite, if it is the first.
func (c *counter) find(k *kind, first int64, b []byte) {
	for i := int64(0); i*int64(k.Width) < int64(len(b)) && first+i < c.firstBad; i++ {
		if !finite(k.read(b[i*int64(k.Width):])) {
			c.firstBad = first + i
		}
	}
}

// join takes the moments of piece i.
func (s *tensor) join(i int64, m moments) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i != s.next {
		if s.waiting == nil {
			s.waiting = map[int64]moments{}
		}
		s.waiting[i] = m
		return
	}
	for ok := true; ok; m, ok = s.waiting[s.next] {
		s.moments.join(m)
		delete(s.waiting, s.next)
		s.next++
	}
}

// merge moves what c has counted into s, and reports whether that was the last.
func (s *tensor) merge(c *counter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.merge(&c.seen, 1)
	if c.firstBad != math.MaxInt64 && (s.firstBad < 0 || c.firstBad < s.firstBad) {
		s.firstBad = c.firstBad
	}
	s.left -= c.pieces
	if s.left == 0 && s.counts == nil {
		s.bins = s.collect(func(p uint16) int64 { return int64(c.patterns[p]) })
	} else {
		if s.counts == nil {
			s.counts = new([1 << 16]int64)
		}
		for p, n := range c.patterns {
			s.counts[p] += int64(n)
		}
		if s.left == 0 {
			s.bins = s.collect(func(p uint16) int64 { return s.counts[p] })
			s.counts = nil
		}
	}
	clear(c.patterns[:])
	c.n, c.pieces, c.bad = 0, 0, 0
	c.seen, c.firstBad = newSeen(), math.MaxInt64
	return s.left == 0
}
