package soup

import (
	"math"
	"math/big"
)

// exact is the combination in integers. Not all elements are zero.
func (c *combination) exact(x []float64, full bool) float64 {
	lowest := math.MaxInt
	var ms [64]int64
	var es [64]int
	m, e := ms[:0], es[:0]
	for _, v := range x {
		f, k := math.Frexp(v)
		m, e = append(m, int64(f*(1<<53))), append(e, k-53)
		if f != 0 {
			lowest = min(lowest, k-53)
		}
	}
	sum, term := new(big.Int), new(big.Int)
	for i := range m {
		if m[i] == 0 {
			continue
		}
		term.Mul(term.SetInt64(m[i]), c.n[i])
		sum.Add(sum, term.Lsh(term, uint(e[i]-lowest)))
	}
	return quotient(sum, c.d, lowest, full)
}

// quotient returns n/d·2^e: rounded to nearest even if full, or else cut off
// after 53 bits, the last of which is set if what follows is not zero.
func quotient(n, d *big.Int, e int, full bool) float64 {
	if n.Sign() == 0 {
		return 0
	}
	negative := n.Sign() < 0
	n.Abs(n)
	shift := max(0, 55-(n.BitLen()-d.BitLen())) // of the quotient at least 55 bits
	q, r := n.QuoRem(n.Lsh(n, uint(shift)), d, new(big.Int))
	e -= shift
	if r.Sign() != 0 {
		q.Or(q.Lsh(q, 1), big.NewInt(1))
		e--
	}
	f := new(big.Float).SetPrec(uint(max(q.BitLen(), 1))).SetInt(q)
	f.SetMantExp(f, e)
	y, accuracy := f.Float64()
	if !full && accuracy != big.Exact {
		b := math.Float64bits(y)
		if accuracy == big.Above {
			b--
		}
		y = math.Float64frombits(b | 1)
	}
	if negative {
		return -y
	}
	return y
}
