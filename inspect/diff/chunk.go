package diff

import (
	"bytes"
	"math"
	"math/bits"

	"olmotool/formats"
	"olmotool/formats/ggml"
	"olmotool/internal/element"
)

// same adds the norms of a piece that is equal.
func (w *worker) same(p *pair, s *stats, a []byte) {
	d := p.x.DType
	for k := chunkElems * d.BlockBytes(); len(a) > 0; a = a[min(k, int64(len(a))):] {
		c := a[:min(k, int64(len(a)))]
		w.sums(s, d, d, c, c)
		s.ulp[0] += int64(len(c)) / d.BlockBytes()
	}
}

// sums adds the sums of as many values as are decoded at a time.
func (w *worker) sums(s *stats, d, e formats.DType, a, b []byte) {
	n := int64(len(a)) / d.BlockBytes()
	if d != formats.F64 && e != formats.F64 {
		f, g := w.f[:n], w.g[:n]
		element.Decode32(f, d, a)
		element.Decode32(g, e, b)
		var m moments
		m.add(f, g)
		if found, ok := m.sums(int(n)); ok {
			s.sums.merge(found)
			return
		}
	}
	x, y := w.x[:n], w.y[:n]
	element.Decode(x, w.f[:], d, a)
	element.Decode(y, w.f[:], e, b)
	s.add(x, y)
}

// differ compares a piece of n elements from lo on; a and b are its bytes.
func (w *worker) differ(p *pair, s *stats, lo, n int64, a, b []byte) error {
	if p.how == asBits {
		s.blocks(p.a.DType, a, b, lo)
		return nil
	}
	if p.x.DType != p.a.DType || p.y.DType != p.b.DType {
		var err error
		if a, err = w.read(0, p.x, lo, n); err != nil {
			return err
		}
		if b, err = w.read(1, p.y, lo, n); err != nil {
			return err
		}
	}
	d, e := p.x.DType, p.y.DType
	for n > 0 {
		k := min(n, chunkElems)
		i, j := k*d.BlockBytes(), k*e.BlockBytes()
		w.chunk(p, s, lo, a[:i], b[:j])
		a, b, lo, n = a[i:], b[j:], lo+k, n-k
	}
	return nil
}

// chunk measures as many values as are decoded at a time.
func (w *worker) chunk(p *pair, s *stats, lo int64, a, b []byte) {
	d, e := p.x.DType, p.y.DType
	n := int64(len(a)) / d.BlockBytes()
	w.sums(s, d, e, a, b)
	switch {
	case d == e && bytes.Equal(a, b):
		s.ulp[0] += n
	case p.how == asFloats && s.halves(d, a, b, lo):
	case p.how == asFloats:
		element.Load(w.p[:n], d, a)
		element.Load(w.q[:n], d, b)
		s.units(d, w.p[:n], w.q[:n])
		s.changes(w.p[:n], w.q[:n], lo)
	default:
		x, y := w.x[:n], w.y[:n]
		element.Decode(x, w.f[:], d, a)
		element.Decode(y, w.f[:], e, b)
		for i, v := range x {
			if u := y[i]; v != u && (v == v || u == u) {
				s.change(lo + int64(i))
			}
		}
		if p.coarse.Valid() {
			w.rounded(w.p[:n], p.coarse, d, a)
			w.rounded(w.q[:n], p.coarse, e, b)
			s.units(p.coarse, w.p[:n], w.q[:n])
		}
	}
}

// halves is units and changes for the 16-bit types; false for other types, and if
// there is a NaN.
func (s *stats) halves(d formats.DType, a, b []byte, lo int64) bool {
	if d.BlockBytes() != 2 {
		return false
	}
	_, infinite := element.SignAndInf(d)
	var found distances
	found.add(a, b, uint16(infinite))
	if found.nan {
		return false
	}
	for k, n := range found.class {
		s.ulp[k] += n
	}
	n := int64(len(a)) / 2
	if found.same < n && s.first == 0 {
		for i := range a {
			if a[i] != b[i] {
				s.first = lo + int64(i/2) + 1
				break
			}
		}
	}
	s.changed += n - found.same
	return true
}

// rounded sets dst to the bits of elements of type d, rounded to the coarser type.
func (w *worker) rounded(dst []uint64, to, d formats.DType, b []byte) {
	if d == to {
		element.Load(dst, d, b)
		return
	}
	f := w.f[:len(dst)]
	if d == formats.F64 {
		ggml.DecodeF64(f, b)
	} else {
		element.Decode32(f, d, b)
	}
	switch out := w.half[:]; to {
	case formats.F32:
		for i, v := range f {
			dst[i] = uint64(math.Float32bits(v))
		}
	case formats.F16:
		ggml.EncodeF16(out[:2*len(f)], f)
		element.Load(dst, to, out)
	case formats.BF16:
		ggml.EncodeBF16(out[:2*len(f)], f)
		element.Load(dst, to, out)
	}
}

// units adds elements of one type, as bits, to the histogram.
func (s *stats) units(d formats.DType, p, q []uint64) {
	sign, infinite := element.SignAndInf(d)
	q = q[:len(p)]
	for i, u := range p {
		u, v := element.Ordered(u, sign, infinite), element.Ordered(q[i], sign, infinite)
		if max(u, v) == element.NaNOrder && u != v {
			continue
		}
		s.ulp[bits.Len64(max(u, v)-min(u, v))]++
	}
}

// changes counts elements of other bits.
func (s *stats) changes(p, q []uint64, lo int64) {
	q = q[:len(p)]
	var n uint64
	for i, u := range p {
		x := u ^ q[i]
		n += (x | -x) >> 63
	}
	for i := 0; n > 0 && s.first == 0; i++ {
		if p[i] != q[i] {
			s.first = lo + int64(i) + 1
		}
	}
	s.changed += int64(n)
}

// blocks compares blocks of which it is not known what they hold: all elements
// of one differ.
func (s *stats) blocks(d formats.DType, a, b []byte, lo int64) {
	size, elems := d.BlockBytes(), d.BlockElems()
	for ; len(a) > 0; a, b, lo = a[size:], b[size:], lo+elems {
		if !bytes.Equal(a[:size], b[:size]) {
			s.change(lo)
			s.changed += elems - 1
		}
	}
}
