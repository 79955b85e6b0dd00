package soup

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"olmotool/formats"
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

// Widening and rounding give the bits of their definitions, and find what cannot
// be computed with, wherever it is.
func TestConvertKernels(t *testing.T) {
	r := newRand(7)
	for n := range 70 {
		for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F32, formats.F64} {
			w := int(d.BlockBytes())
			src := make([]byte, (n+1)*w)
			src = src[r.IntN(w+1):] // aligned to nothing
			mid := make([]float32, n)
			put := func(i int, v float64) {
				encode(src[i*w:], d, []float64{v}, make([]float32, 1), new(formats.CastStats))
			}
			for i := range n {
				put(i, []float64{r.NormFloat64(), 0, math.Copysign(0, -1), 0x1p-24, 65504, -65504, 0x1p-14}[r.IntN(7)])
			}
			got, want := make([]float64, n), make([]float64, n)
			ok := widen(got, d, src, mid)
			for i := range want {
				widen(want[i:i+1], d, src[i*w:], mid)
			}
			if i := differs(got, want); !ok || i >= 0 {
				t.Fatalf("%d of %s: %v, %v at %d", n, d, ok, got, i)
			}
			base := make([]float64, n)
			for i := range base {
				base[i] = r.NormFloat64()
				want[i] -= base[i]
			}
			ok = widenMinus(got, d, src, base, mid)
			if i := differs(got, want); !ok || i >= 0 {
				t.Fatalf("%d of %s, less a base: %v, %v at %d", n, d, ok, got, i)
			}
			for i := range n {
				was := slices.Clone(src)
				for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
					if put(i, bad); widen(got, d, src, mid) || beyond(got) != i || widenMinus(got, d, src, base, mid) {
						t.Fatalf("%d of %s: %v at %d was overlooked", n, d, bad, i)
					}
				}
				copy(src, was)
			}
		}
		y := make([]float64, n)
		for i := range y {
			y[i] = math.Float64frombits(r.Uint64())
			if r.IntN(4) > 0 { // about what float32 and its subnormal numbers hold
				y[i] = math.Ldexp(r.NormFloat64(), r.IntN(290)-155)
			}
			switch r.IntN(4) {
			case 0:
				y[i] = float64(float32(y[i]))
			case 1: // half way between two of bfloat16, or one of them
				y[i] = float64(math.Float32frombits(math.Float32bits(float32(y[i])) &^ 0x7fff))
			}
		}
		for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F32} {
			w := int(d.BlockBytes())
			got, want := make([]byte, n*w+1), make([]byte, n*w+1)
			var a, b formats.CastStats
			encode(got, d, y, make([]float32, n), &a)
			for i := range y {
				odd := []float32{toOdd(y[i])}
				if d == formats.F32 && y[i] == y[i] {
					odd[0] = float32(y[i])
				}
				encodeOdd(want[i*w:], d, odd)
				count(want[i*w:(i+1)*w], d, odd, &b)
				if d == formats.F32 && odd[0] == 0 && y[i] != 0 {
					b.Underflow.Add(1)
				}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d of %s: %x, want %x", n, d, got, want)
			}
			if a.NaN.Load() != b.NaN.Load() || a.Overflow.Load() != b.Overflow.Load() || a.Underflow.Load() != b.Underflow.Load() {
				t.Fatalf("%d of %s: other losses", n, d)
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
