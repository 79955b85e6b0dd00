package main

import (
	"errors"
	"math"
	"strings"
	"testing"

	"olmotool/verify"
	"olmotool/verify/metrics"
	"olmotool/verify/weights"
)

// A model of many layers is shown by its ends and what is wrong in between.
func TestLayersTable(t *testing.T) {
	var ls []verify.Layer
	for i := range 64 {
		ls = append(ls, verify.Layer{Layer: i, Local: 1e-7, Limit: 1e-5, EndToEnd: 1e-6, OK: i != 30 && i != 31})
	}
	all := layersTable(ls)
	var first []string
	for _, r := range all.rows {
		first = append(first, r[0])
	}
	want := "0 1 2 3 4 5 6 7 8 9 … 30 31 … 54 55 56 57 58 59 60 61 62 63"
	if got := strings.Join(first, " "); got != want {
		t.Errorf("found layers %s, want %s", got, want)
	}
	if got := all.rows[10][1]; got != "20 fine" {
		t.Errorf("found %q for what is left out", got)
	}
	if n := len(layersTable(ls[:40]).rows); n != 40 {
		t.Errorf("found %d rows for 40 layers", n)
	}
	floor := 4e-7
	ls[3].Floor = &floor
	if c := layersTable(ls[:5]); c.columns[3].name != "FLOOR" || c.rows[3][3] != "4e-7" || c.rows[2][3] != "" {
		t.Errorf("no floor: %v", c.rows)
	}
	for i := range ls { // as with --end-to-end
		ls[i].Local, ls[i].Limit, ls[i].WorstToken = math.NaN(), math.NaN(), math.NaN()
	}
	if r := strings.Join(layersTable(ls[:1]).rows[0], " "); strings.Contains(r, "NaN") {
		t.Errorf("what was not measured is printed: %s", r)
	}
}

// Whatever a report holds is printed, in lines of visible characters.
func TestVerifyText(t *testing.T) {
	nan := math.NaN()
	many := make([]string, 20)
	for i := range many {
		many[i] = "tensor\x1b[2J"
	}
	r := &verify.Report{
		Verdict: "not the same model: a\nb", Reasons: []string{"a\nb", "c\x1b[0m"}, NotRun: "x\x07",
		Weights: &weights.Report{
			Missing: many, Failures: []weights.Tensor{{Name: "w\x1b", Diagnosis: "d\r"}}, MoreFailures: 3,
			NonFinite: []weights.NonFinite{{Name: "n\x00", NaN: 2}},
		},
		Forward: &verify.Forward{
			Input: "i\x1b", Layers: []verify.Layer{{Local: nan, Limit: 1}}, LayersRun: 1,
			FirstDivergence: &verify.Divergence{Layer: 1, Site: "lm_head", Value: nan, Limit: 1, Metric: "non_finite", Hypothesis: "h\x1b"},
			Metrics:         &metrics.Logits{MaxAbs: nan, NaN: 1, NonFiniteAt: &metrics.Place{Side: "cand"}},
			Checks:          []verify.Check{{Metric: "kl_max", Value: nan, Limit: math.Inf(1)}},
		},
	}
	var b strings.Builder
	if err := verifyText(r, 1)(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, r := range got {
		if r < ' ' && r != '\n' || r == 0x7f {
			t.Fatalf("found %q in\n%s", r, got)
		}
	}
	for _, want := range []string{
		`✗ not the same model: a\nb` + "\n" + `  c\x1b[0m` + "\n", "and 8 more\n", "and 3 more tensors\n", "behind the last layer, lm_head", "kl_max    NaN", "none", "no numbers", "not accepted; 1.00 s",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Count(got, `a\nb`) != 1 {
		t.Error("the first reason is told twice")
	}
	if err := verifyText(r, 1)(brokenWriter{}); err == nil {
		t.Error("no error of a writer that fails")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }
