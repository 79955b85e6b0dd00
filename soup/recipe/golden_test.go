package recipe

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// For every tensor and model a recipe means what it means to mergekit 0.1.5, of
// which testdata/goldens/params.py wrote down the parameters.
func TestGoldens(t *testing.T) {
	b, err := os.ReadFile("testdata/goldens/params.json")
	if err != nil {
		t.Fatal(err)
	}
	// By recipe, tensor, model (or "" for all) and parameter.
	var goldens map[string]map[string]map[string]map[string]any
	if err := json.Unmarshal(b, &goldens); err != nil {
		t.Fatal(err)
	}
	recipes, err := filepath.Glob("testdata/goldens/*.yml")
	if err != nil || len(recipes) != len(goldens) {
		t.Fatalf("found %d recipes and %d goldens, %v", len(recipes), len(goldens), err)
	}
	for _, path := range recipes {
		f, err := Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		of := goldens[filepath.Base(path)]
		fitted, unused, err := f.Recipe(slices.Collect(maps.Keys(of)))
		if err != nil || len(unused) > 0 {
			t.Errorf("%v, %v", err, unused)
			continue
		}
		compared := 0
		for tensor, models := range of {
			for model, params := range models {
				i := slices.IndexFunc(f.Models, func(r Ref) bool { return r.String() == model })
				if i < 0 && model != "" && (f.Base == nil || f.Base.String() != model) {
					t.Fatalf("%s: no model %q", path, model)
				}
				for _, q := range f.Method.Params {
					want, ok := params[q.Name]
					if !ok || q.PerModel != (model != "") || moot[q.Name] != "" {
						continue
					}
					x := fitted.Value(q.Name, tensor, i)
					got := q.Default
					if x != nil {
						got, _ = x.Float64()
					} else if q.Required {
						t.Errorf("%s: %s of %q for %s: found none", path, q.Name, model, tensor)
					}
					compared++
					if w := number(want); math.Abs(got-w) > 1e-15*math.Abs(w) {
						t.Errorf("%s: %s of %q for %s: found %v, want %v", path, q.Name, model, tensor, got, w)
					}
				}
			}
		}
		if compared < 58 {
			t.Errorf("%s: %d values compared", path, compared)
		}
	}
}

func number(v any) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case float64:
		return v
	}
	return math.NaN()
}
