package verify

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// rewritten is a golden file with its logits changed: rows by position.
func rewritten(t *testing.T, from string, edit func(rows [][]float64)) string {
	t.Helper()
	g, err := OpenGolden(from)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	n := g.Batch.Tokens()
	m, err := g.rows(0, n)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float64
	for i := range n {
		rows = append(rows, m.Row(i))
	}
	edit(rows)
	var ids []int64
	for _, s := range g.Batch.Seqs {
		for _, id := range s {
			ids = append(ids, int64(id))
		}
	}
	x := make([]float32, len(m.Data))
	for i, v := range m.Data {
		x[i] = float32(v)
	}
	path := filepath.Join(t.TempDir(), "g.safetensors")
	writeSafetensors(t, path, []formats.Tensor{
		intTensor(t, "input_ids", formats.I64, g.logits.Shape[:len(g.logits.Shape)-1], ids...), f32Tensor(t, "logits", g.logits.Shape, x...),
	}, nil)
	return path
}

// deviation is the standard deviation of a row.
func deviation(x []float64) float64 {
	var s, ss float64
	for _, v := range x {
		s += v
		ss += v * v
	}
	n := float64(len(x))
	return math.Sqrt(ss/n - s/n*s/n)
}

// An average over all positions hides one logit and one position: the bars of a
// type look at these, too.
func TestWorstLogit(t *testing.T) {
	const from = "testdata/olmo2-mha-bf16.safetensors"
	by := func(d float64) func([][]float64) {
		return func(rows [][]float64) { rows[3][100] += d * deviation(rows[3]) }
	}
	for name, c := range map[string]struct {
		edit   func([][]float64)
		metric string // that is beyond
	}{
		"clean": {func([][]float64) {}, ""},
		"+1 σ":  {by(1), "max_abs_over_std"}, "−1 σ": {by(-1), "max_abs_over_std"}, "+4 σ": {by(4), "max_abs_over_std"}, "−4 σ": {by(-4), "max_abs_over_std"},
		"a neighbour's": {func(rows [][]float64) { copy(rows[3], rows[4]) }, "kl_max"},
	} {
		for _, arithmetic := range []string{"f32", "bf16"} {
			r, err := runGolden(t, models+"olmo2-mha", rewritten(t, from, c.edit), Options{Rule: "bf16", Arithmetic: arithmetic})
			if err != nil {
				t.Fatal(err)
			}
			beyond := slices.ContainsFunc(r.Forward.Checks, func(x Check) bool { return !x.OK && x.Metric == c.metric })
			if r.Accepted != (c.metric == "") || beyond == r.Accepted {
				t.Errorf("%s, %s: found %v", name, arithmetic, r.Reasons)
			}
		}
	}
	// Beside the reference in the candidate's types.
	r := run(t, models+"olmo2-mha", layouts+"olmo2-mha-q8_0.gguf", Options{Forward: true})
	want := map[string]float64{"max_abs_over_std": 3 * r.Forward.Cost.MaxAbsStd, "kl_max": 4 * r.Forward.Cost.KLMax}
	for _, c := range r.Forward.Checks {
		if limit, ok := want[c.Metric]; ok && c.Limit == limit && c.OK {
			delete(want, c.Metric)
		}
	}
	if len(want) > 0 {
		t.Errorf("no limit of %v in %+v", want, r.Forward.Checks)
	}
}

// Logits of bfloat16 that were stored in F32 are refused as float32's, with a hint.
func TestLikeBF16(t *testing.T) {
	path := rewritten(t, "testdata/olmo2-mha-bf16.safetensors", func([][]float64) {})
	r, err := runGolden(t, models+"olmo2-mha", path, Options{})
	if err != nil || r.Accepted || r.Rule != "golden" {
		t.Fatalf("found %s, %v", toJSON(t, r), err)
	}
	wantText(t, "verdict", r.Verdict, "beyond rule golden: centred_rel_rms 0.0", " (limit 3.54e-5), max_abs_over_std ")
	wantText(t, "reasons", strings.Join(r.Reasons, "\n"), "--rule bf16")
	other, err := runGolden(t, models+"olmo2-gqa", "testdata/olmo3.safetensors", Options{})
	if err != nil || strings.Contains(strings.Join(other.Reasons, "\n"), "--rule bf16") {
		t.Errorf("another model: %v, %v", other.Reasons, err)
	}
}

// A tolerance is a limit, whether the rule has one for its metric or not.
func TestToleranceIsALimit(t *testing.T) {
	bf16 := layouts + "olmo2-mha-bf16.gguf"
	for _, o := range []Options{{Rule: "bf16"}, {Rule: "q4_k"}, {}} {
		for _, metric := range Tolerances {
			o.Tolerances = map[string]float64{metric: 0}
			r := run(t, models+"olmo2-mha", bf16, o)
			if !slices.ContainsFunc(r.Forward.Checks, func(c Check) bool { return c.Metric == metric && c.Limit == 0 }) {
				t.Errorf("rule %q: no limit for %s: %+v", o.Rule, metric, r.Forward.Checks)
			}
		}
		o.Tolerances = map[string]float64{"nmse": 1e-12}
		if r := run(t, models+"olmo2-mha", bf16, o); r.Accepted {
			t.Errorf("rule %q: accepted beyond a tolerance", o.Rule)
		}
	}
	local := Options{EndToEnd: true, Tolerances: map[string]float64{"worst_token": 1}}
	if _, err := Run(t.Context(), open(t, models+"olmo3"), open(t, models+"olmo3"), local); !errors.As(err, new(*UsageError)) {
		t.Errorf("found %v for a layer's tolerance end to end", err)
	}
	local.EndToEnd = false
	if _, err := runGolden(t, models+"olmo3", "testdata/olmo3.safetensors", local); !errors.As(err, new(*UsageError)) {
		t.Errorf("found %v for a layer's tolerance and a golden file", err)
	}
}
