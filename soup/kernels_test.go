package soup

import (
	"math"
	"slices"
	"testing"
)

// Kernels give the bits of their twins, at any length and alignment, and touch
// nothing else.
func TestKernels(t *testing.T) {
	r := newRand(5)
	for n := range 70 {
		for shift := range 3 {
			x, sums := make([]float32, n+shift), make([]float64, n+shift+16)
			for i := range x {
				x[i] = math.Float32frombits(r.Uint32())
			}
			for i := range sums {
				sums[i] = r.NormFloat64()
				switch {
				case i%5 == 0:
					sums[i] = math.Float64frombits(0x3ff0000010000000 + uint64(r.IntN(5)) - 2) // about what rounding to float32 looks at
				case i%7 == 0:
					sums[i] = math.Copysign(0, -1)
				}
			}
			var a, b spread
			got, want := slices.Clone(sums), slices.Clone(sums)
			accumulate(got[shift:n+shift], x[shift:], 3, &a)
			accumulatePlain(want[shift:n+shift], x[shift:], 3, &b)
			if i := differs(got, want); i >= 0 || a.extent() != b.extent() {
				t.Fatalf("accumulate of %d: at %d, %v and %v", n, i, a.extent(), b.extent())
			}
			for _, d := range []float64{1, 3, 1e-3} {
				for _, k := range []struct {
					fast, plain func([]float32, []float64, float64)
				}{{divide, dividePlain}, {divideNearest, divideNearestPlain}} {
					f, g := make([]float32, n+16), make([]float32, n+16)
					k.fast(f[:n], sums[shift:n+shift], d)
					k.plain(g[:n], sums[shift:n+shift], d)
					for i := range f {
						if math.Float32bits(f[i]) != math.Float32bits(g[i]) {
							t.Fatalf("divide of %d: %v at %d, want %v", n, f[i], i, g[i])
						}
					}
				}
			}
		}
	}
}

// differs returns where two lists of bits first do, or -1.
func differs(x, y []float64) int {
	for i := range x {
		if math.Float64bits(x[i]) != math.Float64bits(y[i]) && (x[i] == x[i] || y[i] == y[i]) {
			return i
		}
	}
	return -1
}

// The kernel of divide rounds to odd as toOdd does, for what is no subnormal.
func TestToOdd(t *testing.T) {
	r := newRand(6)
	var y []float64
	for range 4000 {
		v := math.Ldexp(1+r.Float64(), r.IntN(250)-126)
		f := float64(float32(v))
		y = append(y, v, -v, f, math.Nextafter(f, 0), math.Nextafter(f, 1e300))
	}
	y = append(y, 0, math.MaxFloat32, 0x1.ffffff8p127)
	got := make([]float32, len(y))
	divide(got, y, 1)
	for i, v := range y {
		// The definition: the value itself, or the one of its neighbours that is odd.
		if f := float64(got[i]); f != v && (math.Float32bits(got[i])&1 == 0 || math.Abs(f-v) >= float64(ulp(got[i]))) {
			t.Fatalf("%x became %x", v, got[i])
		}
		if want := toOdd(v); math.Float32bits(got[i]) != math.Float32bits(want) {
			t.Fatalf("%x became %x, and %x by itself", v, got[i], want)
		}
	}
	for v, want := range map[float64]uint32{
		0x1p-149: 1, 0x1p-160: 1, -0x1p-160: 1<<31 | 1, 0x1.8p-149: 1, 0x1.4p-148: 3, 1e300: 0x7f7fffff, math.Inf(-1): 0xff800000,
	} {
		if got := math.Float32bits(toOdd(v)); got != want {
			t.Errorf("%x became %#x, want %#x", v, got, want)
		}
	}
	if math.Float32bits(toOdd(-math.NaN())) != quietNaN {
		t.Error("a NaN is not the one that is written")
	}
}

func ulp(f float32) float32 {
	f = float32(math.Abs(float64(f)))
	return f - math.Nextafter32(f, 0) // of the lower binade, at a power of two: all the better
}

// That a block fits is a promise about every element of it.
func TestFits(t *testing.T) {
	c, err := combine(rats(t, "1", "1", "1"), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		significand, high, low int
		want                   bool
	}{
		{8, 127, 127, true},
		{8, 127, 127 - 42, true},
		{8, 127, 127 - 43, false},
		{24, 127, 127 - 26, true},
		{24, 127, 127 - 27, false},
		{8, 255, 255, false},
		{8, 254, 254, true},
		{8, 20, 10, true},
		{8, 20, 9, false},
	} {
		// 52 bits from the last place of the smallest to the sum of the largest: of
		// these 8 or 24 are the significand, 2 the sum of three.
		if got := c.fits(extent{high: k.high, low: k.low}, k.significand); got != k.want {
			t.Errorf("%+v: %v", k, got)
		}
	}
	if !c.fits(extent{zero: true, low: 1}, 8) {
		t.Error("zeros do not fit")
	}
}
