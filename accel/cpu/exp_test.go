package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
)

// expError is how far exp32 is from the truth, in units in the last place of
// the result, whose exponent may be that of the subnormal numbers.
func expError(x float32) float64 {
	y, want := float64(exp32(x)), math.Exp(float64(x))
	switch {
	case want >= 0x1p128-0x1p103: // rounds to infinity
		if math.IsInf(y, 1) {
			return 0
		}
		return math.Inf(1)
	case math.IsInf(y, 1):
		y = 0x1p128
	}
	_, e := math.Frexp(want)
	return math.Abs(y-want) / math.Ldexp(1, max(e-24, -149))
}

// Of all numbers whose result is neither 0, 1 nor infinity, the worst is at
// -5.848642, as found by trying them.
const expWorst = 0.8914

func TestExpError(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	check := func(x float32) {
		if e := expError(x); e > expWorst {
			t.Fatalf("e to %x is %x, which is off by %.4f units in the last place", x, exp32(x), e)
		}
	}
	for _, x := range []float32{-5.848642, -87.33654, -87.33655, -103.27893, -103.97207, -103.97208, 88.72283, 88.722839, 88.72284, 0x1p-24, -0x1p-25} {
		check(x)
	}
	for range 300_000 {
		check(math.Float32frombits(r.Uint32() &^ (1 << 30))) // below 2
		check(float32(r.Float64()*200 - 107))
		check(float32(r.IntN(301)-150) * math.Ln2)                  // where n is exact
		check(float32((float64(r.IntN(301)-150) + 0.5) * math.Ln2)) // and where it changes
	}
}

func TestExpSpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct{ x, want float32 }{
		{0, 1},
		{float32(math.Copysign(0, -1)), 1},
		{-inf, 0},
		{inf, inf},
		{nan, nan},
		{-nan, nan},
		{-math.MaxFloat32, 0},
		{math.MaxFloat32, inf},
		{-104, 0},
		{-103.97209, 0},
		{-103.97207, 0x1p-149},
		{88.72284, inf},
		{0x1p-149, 1},
	} {
		if got := exp32(c.x); got != c.want && (got == got || c.want == c.want) {
			t.Errorf("e to %g is %g, want %g", c.x, got, c.want)
		}
	}
}
