package stats

import (
	"cmp"
	"math"
	"slices"
)

// bin is a run of finite elements in the order of values: n of one value, or
// between two of which one may be among them. For a wide type key is what their
// ordered bits begin with.
type bin struct {
	lo, hi float64
	n      int64
	key    uint16
}

// collect returns the bins of the finite elements, in order. Infinities and NaN
// of a narrow type are counted in s.seen, as are its zeros and denormals.
func (s *tensor) collect(counts func(p uint16) int64) []bin {
	var bs []bin
	for i := range 1 << 16 {
		p := uint16(i)
		n := counts(p)
		if n == 0 {
			continue
		}
		if s.kind.class == narrow {
			if x := s.kind.Value(uint64(p)); s.seen.narrow(x, n, s.kind.Normal) {
				bs = append(bs, bin{lo: x, hi: x, n: n})
			}
			continue
		}
		b := bin{n: n, key: ordered16(p)}
		if s.kind.class == single {
			b.lo, b.hi = float64(math.Float32frombits(uint32(p)<<16)), float64(math.Float32frombits(uint32(p)<<16|0xffff))
		} else {
			b.lo, b.hi = math.Float64frombits(uint64(p)<<48), math.Float64frombits(uint64(p)<<48|(1<<48-1))
		}
		if p&0x8000 != 0 {
			b.lo, b.hi = b.hi, b.lo
		}
		if p&0x7fff == 0 && s.seen.denormals == 0 {
			b.lo, b.hi = 0, 0
		}
		bs = append(bs, b)
	}
	slices.SortFunc(bs, func(a, b bin) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.key, b.key)) })
	return bs
}

// sortValues makes the bins of a wide type, of one piece, bins of one value each.
func (s *tensor) sortValues() error {
	b, err := s.read(0, make([]byte, s.elements*int64(s.kind.Width)))
	if err != nil {
		return err
	}
	vals := make([]float64, 0, s.elements)
	for ; len(b) > 0; b = b[s.kind.Width:] {
		if x := s.kind.read(b); finite(x) {
			vals = append(vals, x)
		}
	}
	slices.Sort(vals)
	s.bins = s.bins[:0]
	for i, x := range vals {
		if i > 0 && x == vals[i-1] {
			s.bins[len(s.bins)-1].n++
			continue
		}
		s.bins = append(s.bins, bin{lo: x, hi: x, n: 1})
	}
	return nil
}

// ordered16 turns the upper bits of a float into a number that grows with it.
func ordered16(p uint16) uint16 {
	if p&0x8000 != 0 {
		return ^p
	}
	return p | 0x8000
}

// narrow takes n elements x and reports whether they are finite.
func (s *seen) narrow(x float64, n int64, normal float64) bool {
	one := newSeen()
	ok := one.odd(x, normal)
	if ok {
		one.min, one.max = x, x
		one.narrower(x)
	}
	s.merge(&one, n)
	return ok
}
