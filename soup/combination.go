package soup

import (
	"errors"
	"math"
	"math/big"
)

// combination is a linear combination of models with rational coefficients,
// n[i]/d in lowest terms. Its results are correct to the last bit: that of
// exact arithmetic, rounded once.
//
// There are three ways to a result, from the quickest to the one that always
// works: float64 for a block of elements of which it can be shown beforehand
// that nothing is rounded before the division (block.go); float64 with a bound
// on its error, or with the error itself, element by element (element.go);
// integers (exact.go).
type combination struct {
	n []*big.Int
	d *big.Int // positive

	nf   []float64 // n, if each is a float64
	df   float64   // d
	inv  float64   // 1/d, rounded
	nice bool      // nf and df are exact

	approx []float64 // n/d, each rounded
	tiny   bool      // one of them below the normal numbers

	sumBits int // Σ|n| < 2^sumBits
	denBits int // d < 2^denBits
	unit    bool
	shrinks bool // Σ|n| ≤ d: no result is larger than the largest input
}

var errZeroSum = errors.New("found weights whose sum is zero, expected another sum: they are divided by it")

// combine returns Σ w[i] x[i], divided by Σ w[i] if it is to be normalised.
func combine(w []*big.Rat, normalize bool) (*combination, error) {
	c := &combination{d: big.NewInt(1)}
	for _, x := range w {
		g := new(big.Int).GCD(nil, nil, c.d, x.Denom())
		c.d.Mul(c.d, new(big.Int).Quo(x.Denom(), g))
	}
	sum, size := new(big.Int), new(big.Int)
	for _, x := range w {
		n := new(big.Int).Quo(c.d, x.Denom())
		c.n = append(c.n, n.Mul(n, x.Num()))
		sum.Add(sum, n)
	}
	if normalize {
		if sum.Sign() == 0 {
			return nil, errZeroSum
		}
		c.d.Set(sum)
	}
	g := new(big.Int).Set(c.d)
	for _, n := range c.n {
		g.GCD(nil, nil, g, new(big.Int).Abs(n))
	}
	g.Abs(g)
	if c.d.Sign() < 0 {
		g.Neg(g)
	}
	c.d.Quo(c.d, g)
	sum.SetInt64(0)
	for _, n := range c.n {
		n.Quo(n, g)
		sum.Add(sum, n)
		size.Add(size, new(big.Int).Abs(n))
	}
	c.unit, c.shrinks = sum.Cmp(c.d) == 0, size.Cmp(c.d) <= 0
	c.sumBits, c.denBits = size.BitLen(), c.d.BitLen()
	c.floats()
	return c, nil
}

// floats fills what floating-point arithmetic needs.
func (c *combination) floats() {
	var exact bool
	c.df, exact = new(big.Rat).SetInt(c.d).Float64()
	c.nice = exact && !math.IsInf(c.df, 0)
	c.inv = 1 / c.df
	for _, n := range c.n {
		f, exact := new(big.Rat).SetInt(n).Float64()
		c.nice = c.nice && exact && !math.IsInf(f, 0)
		a, _ := new(big.Rat).SetFrac(n, c.d).Float64()
		c.tiny = c.tiny || n.Sign() != 0 && math.Abs(a) < 0x1p-1000
		c.nf, c.approx = append(c.nf, f), append(c.approx, a)
	}
}

// coefficient returns n[i]/d.
func (c *combination) coefficient(i int) *big.Rat { return new(big.Rat).SetFrac(c.n[i], c.d) }

// used returns the combination without the inputs whose coefficients are zero,
// and the inputs that are left, at least one.
func (c *combination) used(in []*input) (*combination, []*input) {
	r := *c
	r.n, r.nf, r.approx = nil, nil, nil
	var left []*input
	for i, n := range c.n {
		if n.Sign() != 0 || len(left) == 0 && i == len(c.n)-1 {
			left = append(left, in[i])
			r.n, r.nf, r.approx = append(r.n, n), append(r.nf, c.nf[i]), append(r.approx, c.approx[i])
		}
	}
	return &r, left
}
