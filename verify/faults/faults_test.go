package faults

import (
	"context"
	"slices"
	"strings"
	"testing"

	"olmotool/formats/olmo"
	"olmotool/verify/weights"
)

const testdata = "../../testdata/"

func open(t testing.TB, path string) *olmo.Model {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// models are a model of each kind, and one of each type of GGUF.
var models = []string{
	testdata + "models/olmo1", testdata + "models/olmo1-tied", testdata + "models/olmo2-gqa", testdata + "models/olmo2-mha",
	testdata + "models/olmo3", testdata + "layouts/olmo2-mha/olmo2-mha-bf16.gguf", testdata + "layouts/olmo2-mha/olmo2-mha-q8_0.gguf",
	"random:tiny,dtype=f16",
}

// TestFound: a comparison of weights finds every fault, in the tensors that it is
// in and nowhere else, and calls it by its name.
func TestFound(t *testing.T) {
	for _, path := range models {
		m := open(t, path)
		for _, f := range List(m.Config) {
			bad, err := f.Apply(m)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			r, err := weights.Compare(context.Background(), m, bad, weights.Options{Threads: 2})
			if err != nil {
				t.Errorf("%s: %s: %v", path, f.Name, err)
				continue
			}
			var names []string
			for _, x := range r.Failures {
				names = append(names, x.Name)
				if !strings.Contains(x.Diagnosis, f.Diagnosis) {
					t.Errorf("%s: %s: %s: %q, want %q in it", path, f.Name, x.Name, x.Diagnosis, f.Diagnosis)
				}
			}
			if f.Weights && strings.HasSuffix(path, "bf16.gguf") {
				t.Logf("%s: %q", f.Name, r.Summary)
			}
			want := slices.Sorted(slices.Values(f.Tensors))
			if slices.Sort(names); !slices.Equal(names, want) || r.Equal {
				t.Errorf("%s: %s: found in %v, want %v", path, f.Name, names, want)
			}
			if !f.Weights && !strings.Contains(strings.Join(r.Config, "\n"), f.Diagnosis) {
				t.Errorf("%s: %s: %q, want %q", path, f.Name, r.Config, f.Diagnosis)
			}
		}
	}
}
