package diff

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// moments are sums over pairs of values, a of x and b of y, in four lanes:
// element i is in lane i mod 4. They are Σa², Σb², Σab, Σ(b−a)², Σ|b−a| and
// max |b−a|.
type moments [6][4]float64

// add adds values. If one of them is no number, Σ(b−a)² is none, and all are
// without meaning.
func (m *moments) add(x, y []float32) {
	for i := momentsFast(m, x, y); i < len(x); i++ {
		a, b, l := float64(x[i]), float64(y[i]), i%4
		d := b - a
		m[0][l] += float64(a * a)
		m[1][l] += float64(b * b)
		m[2][l] += float64(a * b)
		m[3][l] += float64(d * d)
		m[4][l] += math.Abs(d)
		if d := math.Abs(d); d > m[5][l] {
			m[5][l] = d
		}
	}
}

// sums are the moments of n elements; false if there were values that are no
// numbers.
func (m *moments) sums(n int) (*sums, bool) {
	total := func(k int) float64 { return (m[k][0] + m[k][2]) + (m[k][1] + m[k][3]) }
	s := &sums{
		n: int64(n), aa: total(0), bb: total(1), ab: total(2), dd: total(3), abs: total(4),
		maxAbs: max(m[5][0], m[5][1], m[5][2], m[5][3]),
	}
	return s, s.dd-s.dd == 0
}

// distances counts pairs of elements of a 16-bit type by the distance between
// them: class 0 is none, class k is from 2^(k−1) on.
type distances struct {
	class [17]int64
	same  int64 // of the same bits
	nan   bool  // there is a NaN, and the classes are without meaning
}

// add adds elements of a type in which infinity has these bits.
func (d *distances) add(a, b []byte, infinite uint16) {
	for i := 2 * distancesFast(d, a, b, infinite); i < len(a); i += 2 {
		u, v := binary.LittleEndian.Uint16(a[i:]), binary.LittleEndian.Uint16(b[i:])
		if u == v {
			d.same++
		}
		x, y := signed(u), signed(v)
		d.nan = d.nan || max(x, -x, y, -y) > int32(infinite)
		d.class[bits.Len32(uint32(max(x, y)-min(x, y)))]++
	}
}

// signed is sign and magnitude as a number.
func signed(u uint16) int32 {
	m, negative := int32(u&0x7fff), -int32(u>>15)
	return (m ^ negative) - negative
}
