package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// add measures whole blocks from element lo on.
func (w *worker) add(m *measure, d formats.DType, a, b []byte, lo, row int64, loose bool) {
	same := bytes.Equal(a, b)
	if !d.IsFloat() {
		if !same {
			m.addBlocks(d, a, b, lo, row)
		}
		return
	}
	n := int64(len(a)) / d.BlockBytes()
	x, y := w.x[:n], w.y[:n]
	w.decode(x, d, a)
	if same {
		m.sumSame(x)
		return
	}
	w.decode(y, d, b)
	m.sum(x, y)
	p, q := w.p[:n], w.q[:n]
	loadBits(p, d, a)
	loadBits(q, d, b)
	sign, infinite := signAndInf(d)
	for i, u := range p {
		v := q[i]
		if u == v {
			m.ulp[0]++
			continue
		}
		u, v := ordered(u, sign, infinite), ordered(v, sign, infinite)
		m.ulp[ulpClass(max(u, v)-min(u, v))]++
		if loose && u == v && u == nanOrder {
			continue
		}
		m.change(lo+int64(i), row)
	}
}

// addBlocks compares blocks of which it is not known what they hold.
func (m *measure) addBlocks(d formats.DType, a, b []byte, lo, row int64) {
	size, elems := d.BlockBytes(), d.BlockElems()
	for ; len(a) > 0; a, b, lo = a[size:], b[size:], lo+elems {
		if !bytes.Equal(a[:size], b[:size]) {
			for k := range elems {
				m.change(lo+k, row)
			}
		}
	}
}

// change notes that an element is not what it should be. Elements come in order.
func (m *measure) change(i, row int64) {
	m.changed++
	if i >= m.end || len(m.elems) < maxListed {
		m.list(i, row)
	}
	if m.columns != nil {
		c := i - m.end + row
		m.columns[c/64] |= 1 << (c % 64)
	}
}

// list remembers an element, and its row if that is a new one.
func (m *measure) list(i, row int64) {
	if len(m.elems) < maxListed {
		m.elems = append(m.elems, i)
	}
	if i < m.end {
		return
	}
	r := i / row
	if m.rows == 0 {
		m.lo = r
	}
	m.hi, m.end = r, (r+1)*row
	m.rows++
	if len(m.first) < maxListed {
		m.first = append(m.first, r)
	}
}

// sumSame adds values that both sides have.
func (m *measure) sumSame(x []float64) {
	var s float64
	for _, v := range x {
		if v-v != 0 {
			m.count(0, v)
			m.count(1, v)
			continue
		}
		s += v * v
	}
	m.ww, m.gg, m.wg = m.ww+s, m.gg+s, m.wg+s
	m.ulp[0] += int64(len(x))
}

func (m *measure) sum(x, y []float64) {
	for i, v := range x {
		g := y[i]
		if v-v != 0 || g-g != 0 {
			m.count(0, v)
			m.count(1, g)
			continue
		}
		d := g - v
		m.ww += v * v
		m.gg += g * g
		m.wg += v * g
		m.dd += d * d
		m.maxAbs = max(m.maxAbs, math.Abs(d))
	}
}

// count counts a value that is no number.
func (m *measure) count(side int, v float64) {
	switch {
	case v != v:
		m.nan[side]++
	case v-v != 0:
		m.inf[side]++
	}
}

// merge adds what was measured on the range that follows.
func (m *measure) merge(o *measure) {
	m.changed += o.changed
	m.elems = append(m.elems, o.elems[:min(len(o.elems), maxListed-len(m.elems))]...)
	if o.rows > 0 {
		rows, first := o.rows, o.first
		if m.rows > 0 && m.hi == o.lo { // a row that reaches into both ranges
			rows, first = rows-1, first[1:]
		}
		if m.rows == 0 {
			m.lo = o.lo
		}
		m.hi = o.hi
		m.rows += rows
		m.first = append(m.first, first[:min(len(first), maxListed-len(m.first))]...)
	}
	if m.columns == nil {
		m.columns = o.columns
	} else {
		for i, c := range o.columns {
			m.columns[i] |= c
		}
	}
	m.ww, m.gg, m.wg, m.dd = m.ww+o.ww, m.gg+o.gg, m.wg+o.wg, m.dd+o.dd
	m.maxAbs = max(m.maxAbs, o.maxAbs)
	for i := range m.ulp {
		m.ulp[i] += o.ulp[i]
	}
	for i := range m.nan {
		m.nan[i] += o.nan[i]
		m.inf[i] += o.inf[i]
	}
}

// changedColumns returns how many columns have a change, and the first of them;
// 0 if it is not known.
func (m *measure) changedColumns() (n, first int64) {
	first = -1
	for i, c := range m.columns {
		if c != 0 && first < 0 {
			first = int64(64*i + bits.TrailingZeros64(c))
		}
		n += int64(bits.OnesCount64(c))
	}
	return n, first
}

// relRMS is √(Σ(g−w)²/Σw²); 1 if w is zero and g is not.
func (m *measure) relRMS() float64 {
	switch {
	case m.dd == 0:
		return 0
	case m.ww == 0:
		return 1
	}
	return finite(math.Sqrt(m.dd) / math.Sqrt(m.ww))
}

// cosine is Σwg/√(Σw²·Σg²); 0 if a side is zero.
func (m *measure) cosine() float64 {
	n := math.Sqrt(m.ww) * math.Sqrt(m.gg)
	if n == 0 || n-n != 0 {
		return 0
	}
	return max(-1, min(1, m.wg/n))
}

// finite returns x, or the largest number if it is none: JSON has no others.
func finite(x float64) float64 {
	if x-x != 0 {
		return math.MaxFloat64
	}
	return x
}

// decode sets x to the values of elements of a plain type.
func (w *worker) decode(x []float64, d formats.DType, b []byte) {
	if d == formats.F64 {
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return
	}
	f := w.f[:len(x)]
	switch d {
	case formats.F32:
		ggml.DecodeF32(f, b)
	case formats.F16:
		ggml.DecodeF16(f, b)
	case formats.BF16:
		ggml.DecodeBF16(f, b)
	}
	for i, v := range f {
		x[i] = float64(v)
	}
}
