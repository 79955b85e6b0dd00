package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"olmotool/accel"
)

func TestSwiGLU(t *testing.T) {
	t.Run("float32", testSwiGLU[float32])
	t.Run("float64", testSwiGLU[float64])
}

func testSwiGLU[T accel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	for _, n := range []int{0, 1, 15, 16, 31, 100, 5000} { // in 7 rows: more than a piece
		gate, up := random[T](r, 7, n), random[T](r, 7, n)
		scale(gate.Data, gate.Data, 8)
		want := make([]float64, 7*n)
		for i, g := range widen(gate).Data {
			want[i] = naiveSilu(g) * float64(up.Data[i])
		}
		y := random[T](r, 7, n)
		SwiGLU(1, y, gate, up, Exact)
		closeTo(t, "SwiGLU", y.Data, want, 7)
		for _, threads := range []int{0, 2, 3} {
			z := clone(gate)
			SwiGLU(threads, z, z, up, Exact)
			same(t, "SwiGLU in place", z.Data, y.Data)
		}
	}
}

// silu goes to 0 on one side and to its argument on the other.
func TestSiluEnds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	// x/(1 + e⁻ˣ) has no limit at −∞ that arithmetic can find.
	x := []float32{inf, -inf, nan, 100, 3e38, -100, -3e38, 0}
	want := []float32{inf, nan, nan, 100, 3e38, float32(math.Copysign(0, -1)), float32(math.Copysign(0, -1)), 0}
	for range 2 { // once in plain Go, once long enough for kernels
		y := slices.Clone(x)
		silu(y, y)
		same(t, "silu", y, want)
		x, want = append(x, make([]float32, 24)...), append(want, make([]float32, 24)...)
	}
}

func TestAdd(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	for _, n := range []int{0, 1, 33, 9000} {
		y, x := random[float64](r, 3, n), random[float64](r, 3, n)
		want := make([]float64, 3*n)
		for i := range want {
			want[i] = y.Data[i] + x.Data[i]
		}
		Add(2, y, x, Exact)
		same(t, "Add", y.Data, want)
	}
	y := accel.Matrix[float32]{Rows: 1, Cols: 2, Data: []float32{1, 1}}
	Add(1, y, accel.Matrix[float32]{Rows: 1, Cols: 2, Data: []float32{0x1p-8, 0x1.8p-7}}, BF16)
	same(t, "Add in bfloat16", y.Data, []float32{1, 1 + 0x1p-6})
}

func TestClip(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x := accel.Matrix[float32]{Rows: 1, Cols: 8, Data: []float32{1, -1, 1.24, -1.24, inf, -inf, nan, 0}}
	y := clone(x)
	Clip(1, x, 1.23, Exact)
	same(t, "Clip", x.Data, []float32{1, -1, 1.23, -1.23, 1.23, -1.23, nan, 0})
	Clip(1, y, 1.23, BF16)
	same(t, "Clip in bfloat16", y.Data, []float32{1, -1, 1.2265625, -1.2265625, 1.2265625, -1.2265625, nan, 0})
}

func TestSoftmax(t *testing.T) {
	t.Run("float32", testSoftmax[float32])
	t.Run("float64", testSoftmax[float64])
}

func testSoftmax[T accel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for _, n := range []int{1, 2, 15, 16, 17, 100, 4097} {
		for _, offset := range []T{0, 1e4, -1e4} {
			x := random[T](r, 1, n).Data
			want, sum := make([]float64, n), 0.0
			for i := range x {
				x[i] = 5*x[i] + offset
				want[i] = math.Exp(float64(x[i]) - float64(offset))
				sum += want[i]
			}
			for i := range want {
				want[i] /= sum
			}
			softmax(x)
			closeTo(t, "softmax", x, want, 60) // differences to the largest, of up to 60, are rounded
		}
	}
}

func TestSoftmaxNotFinite(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, n := range []int{3, 40} {
		for _, c := range []struct {
			at   float64
			want float64 // of that element; all if NaN
		}{{-inf, 0}, {inf, nan}, {nan, nan}} {
			for at := range n {
				x := make([]float32, n)
				x[at] = float32(c.at)
				softmax(x)
				for i, p := range x {
					want := float32(1 / float64(n-1))
					switch {
					case c.want != c.want:
						want = float32(nan)
					case i == at:
						want = 0
					}
					if p != want && (p == p || want == want) {
						t.Fatalf("softmax of %d zeros and %g at %d: %g at %d, want %g", n-1, c.at, at, p, i, want)
					}
				}
			}
		}
		x := make([]float32, n)
		fill(x, float32(-inf))
		if softmax(x); x[0] == x[0] || x[n-1] == x[n-1] {
			t.Errorf("softmax of nothing but -Inf is %g", x)
		}
	}
}
