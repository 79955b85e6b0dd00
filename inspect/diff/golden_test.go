package diff

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestNumpy holds the figures that testdata/make.py had from numpy.
func TestNumpy(t *testing.T) {
	text, err := os.ReadFile("testdata/want.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Changed int64   `json:"elements_changed"`
		First   int64   `json:"first"`
		MaxAbs  float64 `json:"max_abs"`
		MeanAbs float64 `json:"mean_abs"`
		RelL2   float64 `json:"rel_l2"`
		Cosine  float64 `json:"cosine"`
		ULP     []int64 `json:"ulp"`
		ULPType string  `json:"ulp_dtype"`
		NaN     [2]int64
		Inf     [2]int64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	r := compare(t, open(t, "testdata/a.safetensors"), open(t, "testdata/b.safetensors"), Options{})
	if len(r.Changed) != len(want) || r.Equal {
		t.Errorf("%d tensors changed, want %d", len(r.Changed), len(want))
	}
	for _, x := range r.Changed {
		w, ok := want[x.Name]
		switch {
		case !ok || x.MaxAbs == nil:
			t.Errorf("%s: %+v", x.Name, x)
		case *x.ElementsChanged != w.Changed, *x.MaxAbs != w.MaxAbs, !near(*x.MeanAbs, w.MeanAbs), !near(*x.RelL2, w.RelL2), !near(*x.Cosine, w.Cosine),
			!slices.Equal(x.ULP, w.ULP), x.ULPType != w.ULPType, [2]int64{x.ANaN, x.BNaN} != w.NaN, [2]int64{x.AInf, x.BInf} != w.Inf:
			t.Errorf("%s: found %d changed, %v %v %v %v, %v %s, %+v\nwant %+v", x.Name, *x.ElementsChanged, *x.MaxAbs, *x.MeanAbs, *x.RelL2, *x.Cosine, x.ULP, x.ULPType, x, w)
		}
		flat := int64(-1)
		for i, k := range x.First {
			if i == 0 {
				flat = 0
			}
			flat = flat*x.AShape[i] + k
		}
		if flat != w.First {
			t.Errorf("%s: the first is %v of %v, want %d", x.Name, x.First, x.AShape, w.First)
		}
	}
}
