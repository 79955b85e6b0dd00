package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/accel"
)

func TestNorms(t *testing.T) {
	t.Run("float32", testNorms[float32])
	t.Run("float64", testNorms[float64])
}

func testNorms[T accel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for _, cols := range []int{1, 2, 15, 16, 17, 100, 129, 2048, 2049} {
		for _, size := range []float64{1, 1e-3, 1e15} { // small beside eps, and squares beyond float32
			x, w := random[T](r, 7, cols), random[T](r, 1, cols)
			scale(x.Data, x.Data, T(size))
			for _, order := range []NormOrder{MultiplyThenCast, CastThenMultiply} {
				y := random[T](r, 7, cols)
				RMSNorm(2, y, x, w.Data, 1e-6, order, Exact)
				for i := range x.Rows {
					closeTo(t, "RMSNorm", y.Row(i), naiveRMSNorm(widen(x).Row(i), widen(w).Data, 1e-6), 8+float64(cols)/200)
				}
			}
			y := random[T](r, 7, cols)
			LayerNorm(2, y, x, 1e-5, Exact)
			for i := range x.Rows {
				near(t, "LayerNorm", y.Row(i), naiveLayerNorm(widen(x).Row(i), 1e-5), 4+float64(cols)/100)
			}
		}
	}
}

// The result may take the place of the input, and does not depend on threads or
// on other rows.
func TestNormsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	x, w := random[float32](r, 50, 1111), random[float32](r, 1, 1111).Data
	for name, norm := range map[string]func(threads int, y, x accel.Matrix[float32]){
		"RMSNorm":   func(n int, y, x accel.Matrix[float32]) { RMSNorm(n, y, x, w, 1e-6, MultiplyThenCast, Exact) },
		"LayerNorm": func(n int, y, x accel.Matrix[float32]) { LayerNorm(n, y, x, 1e-5, Exact) },
	} {
		want := random[float32](r, 50, 1111)
		norm(1, want, x)
		for _, threads := range []int{0, 2, 3, 100} {
			y := clone(x)
			norm(threads, y, y)
			same(t, name, y.Data, want.Data)
		}
		y := clone(x.Slice(17, 19))
		norm(1, y, y)
		same(t, name+" of two rows", y.Data, want.Slice(17, 19).Data)
	}
}

// NaN and infinities stay to be seen, in their row and no other.
func TestNormsNotFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	w := random[float32](r, 1, 40).Data
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, at := range []int{0, 39} {
			x := random[float32](r, 3, 40)
			x.Row(1)[at] = float32(bad)
			y, z := clone(x), clone(x)
			RMSNorm(1, y, x, w, 1e-6, MultiplyThenCast, Exact)
			LayerNorm(1, z, x, 1e-5, Exact)
			for i := range x.Data {
				row, col := i/40, i%40
				if nan := row == 1 && (bad != bad || col == at); (y.Data[i] != y.Data[i]) != nan {
					t.Errorf("RMSNorm with %g: %g at [%d %d]", bad, y.Data[i], row, col)
				}
				if (z.Data[i] != z.Data[i]) != (row == 1) {
					t.Errorf("LayerNorm with %g: %g at [%d %d]", bad, z.Data[i], row, col)
				}
			}
		}
	}
}

// The two orders differ in bfloat16, and only there.
func TestNormOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	x, w := random[float32](r, 10, 512), random[float32](r, 1, 512).Data
	Round(x.Data, BF16)
	Round(w, BF16)
	a, b := clone(x), clone(x)
	RMSNorm(1, a, x, w, 1e-6, MultiplyThenCast, BF16)
	RMSNorm(1, b, x, w, 1e-6, CastThenMultiply, BF16)
	differ := 0
	for i := range a.Data {
		if a.Data[i] != b.Data[i] {
			differ++
		}
	}
	if share := float64(differ) / float64(len(a.Data)); share < 0.2 || share > 0.3 {
		t.Errorf("%.1f %% of results differ, want about a quarter", 100*share)
	}
	RMSNorm(1, a, x, w, 1e-6, MultiplyThenCast, Exact)
	RMSNorm(1, b, x, w, 1e-6, CastThenMultiply, Exact)
	same(t, "without rounding", a.Data, b.Data)
}
