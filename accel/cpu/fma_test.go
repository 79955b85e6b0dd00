package cpu

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA is x·y + z by exact arithmetic, rounded once.
func exactFMA(x, y, z float32) float32 {
	f := func(x float32) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(float64(x)) }
	p := f(x)
	p.Mul(p, f(y))
	p.Add(p, f(z))
	r, _ := p.Float32()
	return r
}

func checkFMA(t *testing.T, x, y, z float32) {
	t.Helper()
	if got, want := fma32(x, y, z), exactFMA(x, y, z); got != want {
		t.Fatalf("%x·%x + %x = %x, want %x", x, y, z, got, want)
	}
}

// Values of all exponents, and those next to a middle of two results, which
// rounding twice gets wrong.
func TestFMA32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	finite := func() float32 {
		for {
			if x := math.Float32frombits(r.Uint32()); x-x == 0 {
				return x
			}
		}
	}
	near := func(e int) float32 { // of few bits, so that sums end in ties
		return float32(math.Ldexp(float64(r.IntN(64)-32), e))
	}
	for range 50_000 {
		checkFMA(t, finite(), finite(), finite())
		x, y := float32(r.NormFloat64()), float32(r.NormFloat64())
		checkFMA(t, x, y, float32(r.NormFloat64()))
		checkFMA(t, x, y, -x*y)
		// A middle that a small product pulls to one side: float64 loses it.
		z := finite()
		half := float64(math.Nextafter32(z, math.MaxFloat32)-z) / 2
		checkFMA(t, near(-100), near(r.IntN(60)-30), z)
		if h := float32(half); float64(h) == half {
			checkFMA(t, h, 1+float32(r.IntN(3)-1)*0x1p-23, z)
			checkFMA(t, h, -1-float32(r.IntN(3)-1)*0x1p-23, z)
		}
		// Subnormal results.
		checkFMA(t, near(-70), float32(math.Ldexp(x64(r), -74-r.IntN(8))), near(-149+r.IntN(24)))
		checkFMA(t, near(-75), near(-75+r.IntN(9)), near(-149+r.IntN(4)))
		d := float32(r.IntN(64)) * 0x1p-23
		checkFMA(t, 0x1p-75*(1+d), 0x1p-75*(1-d), math.Float32frombits(r.Uint32()&(1<<31|1<<23-1)))
	}
}

func x64(r *rand.Rand) float64 { return float64(float32(r.NormFloat64())) }

// The double roundings that a plain sum in float64 gets wrong must occur in the
// test above for it to mean anything.
func TestFMA32Naive(t *testing.T) {
	for _, c := range []struct{ x, y, z float32 }{
		{0x1p-24, 1 + 0x1p-23, 1}, // above the middle by 2⁻⁴⁷: both are right
		{0x1p-60, 1, 1 + 0x1p-23}, // far below
		{0x1.000002p-24 * 0x1p-30, 0x1p30, 1},
		{0x1p-80, -0x1p-20, 0x1.000002p0},
		{0x1p-149, 0x1p-1, 0x1p-149},
		{0x1.8p-75, 0x1p-75, 0x1p-149},
		{-0x1p-100, 0x1p-60, 0x1p-126},
	} {
		checkFMA(t, c.x, c.y, c.z)
		checkFMA(t, -c.x, c.y, -c.z)
	}
	wrong := 0
	r := rand.New(rand.NewPCG(2, 1))
	for range 1000 {
		// Below the middle by less than float64 can tell, and the middle rounds up.
		d := float32(r.IntN(1<<12) + 1)
		x, y := 0x1p-24+d*0x1p-47, 1-d*0x1p-23
		z := float32(0x1.000002p0)
		checkFMA(t, x, y, z)
		if float32(float64(x)*float64(y)+float64(z)) != exactFMA(x, y, z) {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("no case that rounding twice gets wrong")
	}
}

func TestFMA32Special(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct{ x, y, z, want float32 }{
		{inf, 1, 1, inf},
		{-inf, 1, 1, -inf},
		{inf, 1, -inf, nan},
		{inf, 0, 1, nan},
		{nan, 1, 1, nan},
		{1, 1, nan, nan},
		{1, 1, inf, inf},
		{1, 1, -inf, -inf},
		{math.MaxFloat32, 2, 0, inf},
		{-math.MaxFloat32, math.MaxFloat32, 0, -inf},
		{math.MaxFloat32, 1, 0x1p103, inf},
		{math.MaxFloat32, 1, 0x1.fffffep102, math.MaxFloat32},
		{0x1p-75, 0x1p-75, 0, 0},
		{0x1.000002p-75, 0x1p-75, 0, 0x1p-149},
	} {
		got := fma32(c.x, c.y, c.z)
		if got != c.want && !(got != got && c.want != c.want) {
			t.Errorf("%x·%x + %x = %x, want %x", c.x, c.y, c.z, got, c.want)
		}
	}
	negative := math.Float32bits(fma32(0, -1, float32(math.Copysign(0, -1))))
	if negative != 1<<31 {
		t.Errorf("-0 + -0 = %08x", negative)
	}
}
