package cpu

import (
	"math"

	"olmotool/accel"
)

// exp returns eˣ: in float64 that of package math, in float32 that of exp32.
func exp[T accel.Float](x T) T {
	if f, ok := any(x).(float32); ok {
		return T(exp32(f))
	}
	return T(math.Exp(float64(x)))
}

// The constants of exp32, which kernels share.
const (
	// Beyond these results are zero and infinity: below 2⁻¹⁵⁰, half the least
	// number, and 2¹²⁸.
	expLeast, expMost = -104, 89
	// A float32 as large as this has no fraction: adding it rounds to an integer,
	// to be found in its last bits.
	toInteger = 0x1.8p23
	log2e     = 0x1.715476p+0
	// ln 2 in two parts. The first ends at 2⁻²¹, so n·ln2High is exact where x is
	// large enough for n not to be 0.
	ln2High, ln2Low = 0x1.62e43p-1, -0x1.05c61p-29
	// eʳ ≈ 1 + r + r²·(expC2 + expC3·r + …) for |r| ≤ ln 2/2, the polynomial of
	// least relative error (3·10⁻⁹) of which the coefficients are float32.
	expC2, expC3, expC4, expC5, expC6 = 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558b4p-5, 0x1.12399ap-7, 0x1.6a48cap-10
)

// exp32 returns eˣ with an error below one unit in the last place (see its test
// for how much). e⁻∞ is 0, results below the normal numbers are rounded like
// others, and NaN stays NaN.
//
// With n the integer next to x/ln 2, it is 2ⁿ·eʳ of r = x − n·ln 2.
func exp32(x float32) float32 {
	if x < expLeast {
		x = expLeast
	}
	if x > expMost {
		x = expMost
	}
	t := fma32(x, log2e, toInteger)
	n := t - toInteger
	r := fma32(n, -ln2High, x)
	r = fma32(n, -ln2Low, r)
	p := fma32(expC6, r, expC5)
	p = fma32(p, r, expC4)
	p = fma32(p, r, expC3)
	p = fma32(p, r, expC2)
	p = fma32(p, r, 1)
	p = fma32(p, r, 1)
	// 2ⁿ in two factors, because n is from −150 to 128: the first product is
	// exact, the second rounds what is subnormal.
	i := int32(math.Float32bits(t)) - int32(math.Float32bits(toInteger))
	half := i >> 1
	return float32(p*power(half)) * power(i-half)
}

// power returns 2ⁿ for n from −126 to 127. For NaN, n is any number.
func power(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }
