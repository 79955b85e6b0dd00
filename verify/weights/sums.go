package weights

import (
	"bytes"
	"math"
	"math/bits"

	"olmotool/formats"
	"olmotool/internal/closeness"
	"olmotool/internal/element"
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
	element.Decode(x, w.f[:], d, a)
	if same {
		m.sumSame(x)
		return
	}
	element.Decode(y, w.f[:], d, b)
	m.sum(x, y)
	p, q := w.p[:n], w.q[:n]
	element.Load(p, d, a)
	element.Load(q, d, b)
	sign, infinite := element.SignAndInf(d)
	for i, u := range p {
		v := q[i]
		if u == v {
			m.ulp[0]++
			continue
		}
		u, v := element.Ordered(u, sign, infinite), element.Ordered(v, sign, infinite)
		m.ulp[ulpClass(max(u, v)-min(u, v))]++
		if loose && u == v && u == element.NaNOrder {
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
func (m *measure) relRMS() float64 { return closeness.Relative(m.dd, m.ww) }

func (m *measure) cosine() float64 { return closeness.Cosine(m.ww, m.gg, m.wg) }

// ulpClass is the class of Tensor.ULP that a distance belongs to.
func ulpClass(n uint64) int {
	switch {
	case n <= 2:
		return int(n)
	case n <= 4:
		return 3
	case n <= 8:
		return 4
	}
	return 5
}
