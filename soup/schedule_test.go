package soup

import (
	"math"
	"math/big"
	"testing"
)

// Coefficients are known for some, sum to 1 exactly, and those of a linear decay
// are those of the mean.
func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		spec string
		n    int
		want []float64
	}{
		{"sma", 4, []float64{.25, .25, .25, .25}},
		{"wma", 3, []float64{1. / 6, 2. / 6, 3. / 6}},
		{"ema:0.2", 3, []float64{.64, .16, .2}},
		{"ema:1", 3, []float64{0, 0, 1}},
		{"ema:1/2", 2, []float64{.5, .5}},
		{"wsm:linear", 5, []float64{.2, .2, .2, .2, .2}},
		// Printed by Megatron-LM's weighted_merge, to four digits.
		{"wsm:minus-sqrt", 2, []float64{.7071, .2929}},
		{"wsm:minus-sqrt", 3, []float64{.5774, .2391, .1835}},
		{"wsm:minus-sqrt", 4, []float64{.5, .2071, .1589, .1340}},
		{"wsm:minus-sqrt", 5, []float64{.4472, .1852, .1421, .1198, .1056}},
		{"wsm:cosine", 2, []float64{.5, .5}},
		{"wsm:cosine", 3, []float64{.25, .5, .25}},
		{"sma", 1, []float64{1}},
		{"wma", 1, []float64{1}},
		{"ema:0.3", 1, []float64{1}},
		{"wsm:minus-sqrt", 1, []float64{1}},
	} {
		got, err := Schedule(c.spec, c.n)
		if err != nil || len(got) != len(c.want) {
			t.Fatalf("%s of %d: %v, %v", c.spec, c.n, got, err)
		}
		for k, x := range got {
			if f, _ := x.Float64(); math.Abs(f-c.want[k]) > 5.1e-5 {
				t.Errorf("%s of %d: coefficient %d is %v, want %v", c.spec, c.n, k, f, c.want[k])
			}
		}
	}
	for _, spec := range []string{"sma", "wma", "ema:0.2", "ema:1/7", "wsm:linear", "wsm:minus-sqrt", "wsm:cosine"} {
		for _, n := range []int{1, 2, 3, 10, 97} {
			c, err := Schedule(spec, n)
			if err != nil {
				t.Fatal(err)
			}
			sum := new(big.Rat)
			for _, x := range c {
				sum.Add(sum, x)
				if x.Sign() < 0 || spec == "wsm:linear" && x.Cmp(big.NewRat(1, int64(n))) != 0 {
					t.Errorf("%s of %d: coefficient %v", spec, n, x)
				}
			}
			if sum.Cmp(big.NewRat(1, 1)) != 0 {
				t.Errorf("%s of %d: the sum is %v", spec, n, sum)
			}
		}
	}
	for _, spec := range []string{"", "sma:1", "wma:", "ema", "ema:", "ema:0", "ema:1.1", "ema:-1", "ema:x", "wsm", "wsm:", "wsm:step", "lawa"} {
		if _, err := Schedule(spec, 3); err == nil {
			t.Errorf("%q is a schedule", spec)
		}
	}
	for _, n := range []int{-1, 0, 1 << 20} {
		if _, err := Schedule("sma", n); err == nil {
			t.Errorf("a schedule of %d", n)
		}
	}
}
