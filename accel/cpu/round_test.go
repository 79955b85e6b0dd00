package cpu

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactBF16 is the nearest bfloat16 by exact arithmetic: 8 bits, fewer where
// numbers are subnormal.
func exactBF16(x float64) float64 {
	if x == 0 || x-x != 0 {
		return x
	}
	_, e := math.Frexp(x)
	prec := min(8, e+133) // the least number is 2⁻¹³³
	if prec < 1 {
		// Up to half the least number is 0, the middle too.
		if math.Abs(x) > 0x1p-134 {
			return math.Copysign(0x1p-133, x)
		}
		return math.Copysign(0, x)
	}
	y, _ := new(big.Float).SetPrec(uint(prec)).SetMode(big.ToNearestEven).SetFloat64(x).Float64()
	if math.Abs(y) >= 0x1p128 {
		return math.Inf(int(math.Copysign(1, x)))
	}
	return y
}

func TestBF16(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	check := func(x float64) {
		t.Helper()
		want := exactBF16(x)
		if got := bf16(x); got != want && !(got != got && want != want) {
			t.Fatalf("%x rounds to %x, want %x", x, got, want)
		}
		x32 := float32(x)
		want = exactBF16(float64(x32))
		if got := bf16(x32); float64(got) != want && !(got != got && want != want) {
			t.Fatalf("%x rounds to %x, want %x", x32, got, want)
		}
	}
	for h := range uint32(1 << 16) {
		x := float64(math.Float32frombits(h << 16))
		middle := float64(math.Float32frombits(h<<16 | 0x8000))
		for _, v := range []float64{x, middle, math.Nextafter(middle, 0), math.Nextafter(middle, math.Inf(1)), math.Nextafter(middle, math.Inf(-1))} {
			check(v)
		}
		check(float64(math.Float32frombits(h<<16 | 0x7fff)))
		check(float64(math.Float32frombits(h<<16 | 0x8001)))
	}
	for range 100_000 {
		check(math.Float64frombits(r.Uint64()))
		check(math.Ldexp(r.NormFloat64(), r.IntN(20)-140))
	}
}

func TestRound(t *testing.T) {
	x := []float32{1.01, float32(math.NaN())}
	Round(x, Exact)
	if x[0] != 1.01 {
		t.Errorf("1.01 is %g without rounding", x[0])
	}
	Round(x, BF16)
	if x[0] != 1.0078125 || x[1] == x[1] {
		t.Errorf("1.01 and NaN round to %g", x)
	}
}
