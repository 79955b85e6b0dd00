package soup

import (
	"math"
	"testing"
)

// TestUniform fixes numbers that were computed from the definition, elsewhere.
func TestUniform(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		model int
		at    int64
		want  [2]uint64 // · 2^53
	}{
		{0, 0, 0, [2]uint64{5876733520225071, 6315957190297641}},
		{1, 0, 0, [2]uint64{3316356330981164, 8498871037046174}},
		{1, 2, 5, [2]uint64{2121495955265245, 6181919995721328}},
		{18446744073709551615, 19, 1099511627776, [2]uint64{4484745481898787, 8066431033289978}},
	} {
		var got [2]float64
		uniform(c.seed)(got[:], c.model, c.at)
		for i, w := range c.want {
			if got[i] != float64(w)*0x1p-53 {
				t.Errorf("seed %d, model %d, element %d: %g, want %g", c.seed, c.model, c.at+int64(i), got[i], float64(w)*0x1p-53)
			}
		}
	}
}

// TestKept holds that dare keeps the share of the elements that density is, della
// with the probability of each rank, and that both keep the sum of magnitudes.
func TestKept(t *testing.T) {
	const rows, row = 4000, 64
	x := make([][]float64, 2)
	for m := range x {
		x[m] = make([]float64, rows*row)
		uniform(99)(x[m], m, 0)
		for i := range x[m] {
			x[m][i] = x[m][i]*2 - 1 + 1e-9 // not zero
		}
	}
	base := make([]float64, rows*row)
	within := func(what string, kept, p, n float64) {
		t.Helper()
		if sigma := math.Sqrt(n * p * (1 - p)); math.Abs(kept-p*n) > 4*sigma {
			t.Errorf("%s: kept %g of %g, want %g ± %g", what, kept, n, p*n, 4*sigma)
		}
	}
	for _, name := range []string{"dare_linear", "della_linear"} {
		m := other(t, name)
		for _, density := range []float64{0.2, 0.5, 0.8} {
			var kept [2][]float64
			for model := range x { // one at a time, the other has no weight
				weight := []float64{0, 0}
				weight[model] = 1
				tensor := tensorFor(t, m, []int64{rows, row}, x, base, params{"weight": weight, "density": {density}})
				tensor.Seed = 7
				y, err := merged(m, tensor)
				if err != nil {
					t.Fatal(err)
				}
				if a, b := magnitudeSum(y), magnitudeSum(x[model]); math.Abs(a/b-1) > 1e-12 {
					t.Errorf("%s: magnitudes add up to %g, want %g", name, a, b)
				}
				kept[model] = y
			}
			var n, both float64
			var ranks [row]float64
			for lo := 0; lo < rows*row; lo += row {
				for rank, i := range ranking(x[0][lo : lo+row]) {
					if kept[0][lo+i] == 0 {
						continue
					}
					n++
					ranks[rank]++
					if kept[1][lo+i] != 0 {
						both++
					}
				}
			}
			within(name, n, density, rows*row)
			if name == "dare_linear" {
				within("what both models keep", both, density*density, rows*row)
			}
			for rank, k := range ranks {
				p := density
				if name == "della_linear" {
					p += 0.15 - 0.3*float64(rank)/(row-1)
				}
				within(name+" at a rank", k, p, rows)
			}
		}
	}
}

// TestSeed holds that other seeds, models and elements have other numbers.
func TestSeed(t *testing.T) {
	const n = 1 << 16
	u, v := make([]float64, n), make([]float64, n)
	uniform(5)(u, 0, 0)
	for _, c := range []struct {
		seed  uint64
		model int
		at    int64
	}{{6, 0, 0}, {5, 1, 0}, {5, 0, 1}} {
		uniform(c.seed)(v, c.model, c.at)
		var sum float64
		for i := range u {
			sum += (u[i] - 0.5) * (v[i] - 0.5) * 12
		}
		if r := sum / n; math.Abs(r) > 4/math.Sqrt(n) {
			t.Errorf("%+v: correlation %g", c, r)
		}
	}
}
