package text

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// textIDs are the ids of testdata/models.py.
func textIDs(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*i*31 + i*7 + 11) % 500)
	}
	return ids
}

// open returns a pass over a model of the testdata, or nil if it has no name.
func open[T accel.Float](t *testing.T, name string) *forward.Pass[T] {
	t.Helper()
	if name == "" {
		return nil
	}
	src, err := olmo.Open(filepath.Join("../../testdata", name), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	m, err := src.Model()
	if err != nil {
		t.Fatal(err)
	}
	p, err := forward.New(m, forward.Options[T]{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// What transformers says of the same models and tokens, testdata/models.py.
func TestModels(t *testing.T) {
	data, err := os.ReadFile("testdata/models.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Ref, Cand       string
		Context, Tokens int
		Report          map[string]any
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		ids, o := textIDs(c.Tokens), Options{Context: c.Context, BatchPieces: 2}
		// Its norms, softmax and rotary angles are float32 even then.
		r64, err := Run(t.Context(), open[float64](t, c.Ref), open[float64](t, c.Cand), ids, o)
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.Ref+" f64", tree(t, r64), c.Report, 1e-5)
		r32, err := Run(t.Context(), open[float32](t, c.Ref), open[float32](t, c.Cand), ids, o)
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.Ref+" f32", tree(t, r32), c.Report, 1e-4)
	}
}

func tree(t *testing.T, v any) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(marshal(t, v)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// same compares each number that want has.
func same(t *testing.T, name string, got, want any, tolerance float64) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		fields, _ := got.(map[string]any)
		for k, w := range want {
			same(t, name+" "+k, fields[k], w, tolerance)
		}
	case float64:
		g, ok := got.(float64)
		if !ok || math.Abs(g-want) > tolerance*(1e-3+math.Abs(want)) {
			t.Errorf("%s: found %v, transformers %.9g", name, got, want)
		}
	}
}

// The reading ahead of the passes, too, keeps the result.
func TestModelsSchedule(t *testing.T) {
	const ref, cand = "models/olmo2-mha", "layouts/olmo2-mha/olmo2-mha-q8_0.gguf"
	ids := textIDs(100)
	var want *Report
	for _, o := range []Options{{Threads: 1, BatchPieces: 1}, {Threads: 2}, {Threads: 3, BatchPieces: 4}} {
		o.Context = 16
		got, err := Run(t.Context(), open[float32](t, ref), open[float32](t, cand), ids, o)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%+v: %s", o, d)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Run(ctx, open[float32](t, "models/olmo1"), nil, textIDs(100), Options{Context: 16})
	if !errors.Is(err, context.Canceled) || r != nil {
		t.Errorf("found %v, %v", r, err)
	}
}
