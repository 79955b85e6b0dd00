package soup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVectorKernels holds that the loops of elementwise.go and vectors.go give the bits of their
// definitions, at any length and alignment, and touch nothing else.
func TestVectorKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	special := []float64{0, math.Copysign(0, -1), 0x1p-1074, -0x1p-1060, maxElement, -maxElement, 1, -1}
	numbers := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			if v[i] = r.NormFloat64(); r.IntN(3) == 0 {
				v[i] = special[r.IntN(len(special))]
			}
		}
		return v
	}
	for n := range 70 {
		for shift := range 3 {
			const guard = 8
			x, y, d := numbers(n + shift)[shift:], numbers(n + shift)[shift:], numbers(n + shift + guard)[shift:]
			k := r.NormFloat64()
			for _, c := range []struct {
				name string
				fast func(d []float64)
				want func(i int) float64
			}{
				{"subtract", func(d []float64) { subtract(d, x, y) }, func(i int) float64 { return x[i] - y[i] }},
				{"add scaled", func(d []float64) { blend(d, []float64{k, 1}, [][]float64{x, x}, y) }, func(i int) float64 {
					return moved(y[i], float64(k*(x[i]-y[i]))+(x[i]-y[i]))
				}},
				{"add to", func(d []float64) { addTo(d, y) }, func(i int) float64 { return moved(y[i], d[i]) }},
				{"scale", func(d []float64) { scale(d, k) }, func(i int) float64 { return d[i] * k }},
				{"add", func(d []float64) { add(d, y) }, func(i int) float64 { return d[i] + y[i] }},
				{"divide each", func(d []float64) { divideEach(d, y) }, func(i int) float64 {
					if y[i] == 0 {
						return d[i]
					}
					return d[i] / y[i]
				}},
				{"add agreeing", func(d []float64) { addAgreeing(d, slices.Clone(d), x, y, k) }, func(i int) float64 {
					if x[i] == 0 || math.Signbit(x[i]) != math.Signbit(y[i]) {
						return d[i] + 0
					}
					return d[i] + x[i]
				}},
				{"weights of the agreeing", func(d []float64) { addAgreeing(slices.Clone(d), d, x, y, k) }, func(i int) float64 {
					if x[i] == 0 || math.Signbit(x[i]) != math.Signbit(y[i]) {
						return d[i] + 0
					}
					return d[i] + k
				}},
				{"at least", func(d []float64) { atLeast(d, key(k)) }, func(i int) float64 {
					if math.Abs(d[i]) < math.Abs(k) {
						return 0
					}
					return d[i]
				}},
				{"at least 1", func(d []float64) { atLeast(d, key(1)) }, func(i int) float64 {
					if math.Abs(d[i]) < 1 {
						return 0
					}
					return d[i]
				}},
				{"at least 0", func(d []float64) { atLeast(d, 0) }, func(i int) float64 { return d[i] }},
				{"none", func(d []float64) { atLeast(d, math.MaxUint64) }, func(int) float64 { return 0 }},
			} {
				got, want := slices.Clone(d), slices.Clone(d)
				c.fast(got[:n])
				for i := range n {
					want[i] = c.want(i)
				}
				for i, w := range want {
					if math.Float64bits(got[i]) != math.Float64bits(w) {
						t.Fatalf("%s of %d: %v at %d, want %v", c.name, n, got[i], i, w)
					}
				}
			}
			for _, bounds := range [][2]float64{{0, 1}, {0, 0}, {1, 1}, {0x1p-1074, math.Inf(1)}, {math.Abs(k) / 2, math.Abs(k)}} {
				var want []uint64
				above := 0
				for _, v := range x {
					switch k := key(v); {
					case k > key(bounds[1]):
						above++
					case k >= key(bounds[0]):
						want = append(want, k)
					}
				}
				keys := make([]uint64, n+withinMore)
				inside, more := within(keys, x, int64(key(bounds[0]))-1, int64(key(bounds[1])))
				if !slices.Equal(keys[:inside], want) || more != above {
					t.Fatalf("of %v within %v: %x and %d above, want %x and %d", x, bounds, keys[:inside], more, want, above)
				}
			}
			var s [8]float64
			for i, v := range x {
				if whole := n &^ 7; i < whole {
					s[i%8] += float64(v * y[i])
				} else {
					s[0] += float64(v * y[i])
				}
			}
			want := ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
			a, b := dots(x, d[:n], y)
			if math.Float64bits(a) != math.Float64bits(dot(x, d)) || math.Float64bits(b) != math.Float64bits(dot(x, y)) {
				t.Fatalf("dots of %d: %v and %v", n, a, b)
			}
			if got := dot(x, y); math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("dot of %d: %v, want %v", n, got, want)
			}
		}
	}
}
