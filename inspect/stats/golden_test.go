package stats

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strconv"
	"testing"

	"olmotool/formats"
)

// golden is one case of testdata/golden.json, which testdata/golden.py writes.
type golden struct {
	Name  string
	DType string
	Shape []int64
	Data  []byte
	Want  struct {
		// In hexadecimal; they hide those of Stats.
		Min       string   `json:"min"`
		Max       string   `json:"max"`
		Mean      string   `json:"mean"`
		Std       string   `json:"std"`
		RMS       string   `json:"rms"`
		AbsMax    string   `json:"absmax"`
		Quantiles []string `json:"quantiles"`
		Stats
	}
}

// TestGolden compares with numpy: to the bit, but for what is summed.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.DType+" "+c.Name, func(t *testing.T) {
			d, err := formats.ParseDType(c.DType)
			if err != nil {
				t.Fatal(err)
			}
			s := of(t, tensorOf(t, d, c.Data, c.Shape...), Options{})
			w := c.Want
			for _, x := range []struct {
				name      string
				got       float64
				want      string
				tolerance float64
			}{
				{"min", s.Min, w.Min, 0},
				{"max", s.Max, w.Max, 0},
				{"absmax", s.AbsMax, w.AbsMax, 0},
				{"mean", s.Mean, w.Mean, 1e-12 * s.RMS}, // numpy's own error is of that size
				{"std", s.Std, w.Std, 1e-12 * s.RMS},
				{"rms", s.RMS, w.RMS, 1e-12 * s.RMS},
			} {
				if want := number(t, x.want); !near(x.got, want, x.tolerance) {
					t.Errorf("%s: found %v, numpy says %v", x.name, x.got, want)
				}
			}
			for i, q := range s.Quantiles {
				// Between two infinities of one sign numpy finds NaN.
				if want := number(t, w.Quantiles[i]); !near(q, want, 0) && (!math.IsNaN(want) || s.Inf == 0) {
					t.Errorf("quantile %v: found %v, numpy says %v", Levels[i], q, want)
				}
			}
			// The rest is whole numbers.
			w.Stats.Min, w.Stats.Max, w.Stats.Mean, w.Stats.Std, w.Stats.RMS, w.Stats.AbsMax = s.Min, s.Max, s.Mean, s.Std, s.RMS, s.AbsMax
			w.Stats.Quantiles = s.Quantiles
			found, want := reflect.ValueOf(*s), reflect.ValueOf(w.Stats)
			for i := range found.NumField() {
				f, w := found.Field(i), want.Field(i)
				if f.Kind() != reflect.Float64 && found.Type().Field(i).Name != "Quantiles" && !reflect.DeepEqual(f.Interface(), w.Interface()) {
					t.Errorf("%s: found %+v, numpy says %+v", found.Type().Field(i).Name, reflect.Indirect(f), reflect.Indirect(w))
				}
			}
		})
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func near(a, b, tolerance float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tolerance
}
