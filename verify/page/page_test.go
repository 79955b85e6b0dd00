package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"html"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/htmlpage"
	"olmotool/verify"
	"olmotool/verify/metrics"
	"olmotool/verify/text"
	"olmotool/verify/weights"
)

var keep = flag.String("keep", "", "write the pages of the test into this `DIR`, to be looked at")

// reports are what pages are made of: nothing, a good model, a bad one with
// everything that a report can have.
func reports() map[string]*verify.Report {
	good := &verify.Report{
		Accepted: true, Rule: "f32", Verdict: "same model: all 227 tensors are the same, and so are the logits",
		Ref:     verify.Side{Path: "OLMo-2-1124-7B", Layout: "hf", Model: "olmo2", Parameters: 7298617344, DTypes: map[formats.DType]int64{formats.BF16: 14597234688}},
		Cand:    verify.Side{Path: "OLMo-2-1124-7B.gguf", Layout: "gguf", Model: "olmo2", Parameters: 7298617344, DTypes: map[formats.DType]int64{formats.BF16: 14596186112, formats.F32: 2097152}},
		Weights: &weights.Report{Equal: true, Tensors: 227, Identical: 227},
		Forward: &verify.Forward{
			Arithmetic: "f32", Sequences: 2, Tokens: 256, Input: "seed 0", LayersRun: 32,
			Metrics: &metrics.Logits{Positions: 256, Vocab: 100352, RelRMS: 2.9e-6, KLMax: 1e-11, Top1: 1, Top10: 1},
			Checks: []verify.Check{
				{Rule: "L1", Metric: "local", Value: 1.4e-6, Limit: 2.3e-5, OK: true},
				{Rule: "E", Metric: "rel_rms", Value: 0, Limit: 1e-4, OK: true},
			},
		},
		NotChecked: []string{"positions beyond 128", "generation with a cache of keys and values"},
	}
	for i := range 32 {
		f := float64(i)
		floor := 4e-7
		good.Forward.Layers = append(good.Forward.Layers, verify.Layer{
			Layer: i, Local: 4e-7 + 1e-6*math.Exp(-f) + 5e-8*math.Sin(f), Limit: 2.3e-5, Floor: &floor,
			WorstToken: 3e-6, EndToEnd: 1.7e-6 * math.Pow(f+1, 0.3), OK: true,
		})
	}
	bad := *good
	forward := *good.Forward
	bad.Accepted, bad.Verdict = false, "NOT the same model: layer 12, q_proj: the candidate's weight is the reference's, transposed"
	bad.Reasons = []string{"layer 12, self_attn.q_proj.weight: transposed", "layer 12 alone has an error of 0.0715, the limit is 2.3e-5"}
	bad.Forward = &forward
	bad.Weights = &weights.Report{
		Tensors: 227, Identical: 225, Missing: []string{"lm_head.weight"}, Extra: []string{"<b>\x1b[2J"}, Config: []string{"rope_theta: 500000 and 10000"},
		Summary: []string{"model.layers.12.self_attn.q_proj.weight: transposed"},
		Failures: []weights.Tensor{{
			Name: "model.layers.12.self_attn.q_proj.weight", Layer: 12, Rule: "W2", Diagnosis: "transposed: equal to the reference's, rows for columns",
			First: []int64{0, 1}, RefValue: "0.0123", CandValue: "-0.0456", Changed: 16773120, Measured: true, RelRMS: 1.41,
		}},
		MoreFailures: 2, NonFinite: []weights.NonFinite{{Side: "cand", Name: "model.norm.weight", NaN: 1, First: []int64{7}, Value: "NaN"}},
		Notes: []string{"the reference has no tokenizer"},
	}
	forward.Layers = append([]verify.Layer{}, forward.Layers...)
	forward.Layers[12].Local, forward.Layers[12].OK = 0.0715, false
	forward.Layers[20].Local, forward.Layers[20].OK = math.NaN(), false
	for i := 12; i < 32; i++ {
		forward.Layers[i].EndToEnd = 0.05
	}
	forward.FirstDivergence = &verify.Divergence{Layer: 12, Site: "q_proj", Metric: "relative error", Value: 1.41, Limit: 2.3e-5, Hypothesis: "the same at all positions and heads: the weight itself"}
	for i, s := range []string{"q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "attn", "o_proj", "output"} {
		e := []float64{1.41, 3e-7, 0, 8e-7, 2e-7, 4e-7, 3e-7, 2e-7}[i]
		forward.Sites = append(forward.Sites, verify.SiteError{Site: s, RelRMS: e, Limit: 2.3e-5, OK: e < 2.3e-5})
	}
	for i := range 128 {
		forward.Positions = append(forward.Positions, 1.4+0.05*math.Sin(float64(i)))
	}
	forward.Heads = []float64{1.4, 1.41, 1.39, 0, math.Inf(1), 1.4, 1.38, 1.4}
	forward.Metrics = &metrics.Logits{Positions: 256, Vocab: 100352, RelRMS: 0.09, KLMax: math.NaN(), Top1: 0.96, NaN: 3, NonFiniteAt: &metrics.Place{Side: "cand"}}
	forward.Checks = append(forward.Checks, verify.Check{Rule: "L1", Metric: "local", Value: 0.0715, Limit: 2.3e-5},
		verify.Check{Rule: "E", Metric: "kl_max", Value: math.NaN(), Limit: 1e-8}, verify.Check{Rule: "E", Metric: "unexcused_flips", Value: 3})
	forward.Expected, forward.Cost = good.Forward.Metrics, forward.Metrics
	bad.Text = &text.Report{
		Tokens: 5000, Context: 512, Pieces: 9, Scored: 2295, PerplexityRef: text.Stat{Value: 7.31, Error: 0.2},
		Comparison: &text.Comparison{PerplexityCand: text.Stat{Value: math.Inf(1), Error: math.NaN()}, KLQuantiles: text.Quantiles{"99": 0.2}},
	}
	bad.SelfTest = &verify.SelfTestReport{Faults: []verify.FaultTest{
		{Name: "q_proj transposed", Layer: 12, Doc: "one square matrix", Caught: true, ByWeights: true, ByForward: true, Located: true, Site: "q_proj", Margin: 61000, EndToEndNMSE: 8.5e-3, Diagnosis: "transposed"},
		{Name: "one exponent bit", Layer: 3, Doc: "of a bf16 weight", Margin: 0.8},
	}}
	bad.Findings = []formats.Finding{{Severity: formats.Warning, Code: "trailing-bytes", Where: "model.pt", Message: "<script>alert(1)</script>"}}
	return map[string]*verify.Report{"empty": {}, "good": good, "bad": &bad}
}

// Every page is well formed, asks for nothing from elsewhere, and holds nothing
// of its input as markup.
func TestWrite(t *testing.T) {
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			page := write(t, r, name)
			wellFormed(t, page)
			for _, bad := range []string{"<script", "http:", "https:", "url(", "@import", "%!", "ZgotmplZ", "<nil>", "\x1b"} {
				if strings.Contains(page, bad) {
					t.Errorf("found %q", bad)
				}
			}
			head, ground, _ := strings.Cut(r.Verdict, ": ")
			for _, want := range append([]string{"What was not checked", head, ground, "olmotool verify A B", "AVX2"}, r.NotChecked...) {
				if !strings.Contains(html.UnescapeString(page), want) {
					t.Errorf("no %q", want)
				}
			}
		})
	}
}

func TestContents(t *testing.T) {
	all := reports()
	good, bad := write(t, all["good"], ""), write(t, all["bad"], "")
	for _, c := range []struct {
		page, want string
		in         bool
	}{
		{good, "✓ accepted", true},
		{good, "✗", false},
		{good, "Where it first goes wrong", false},
		{good, "<desc>32 layers, 0 of them beyond the limit; the largest error is 1.4e-6, of layer 0</desc>", true},
		{good, "227 tensors compared: 227 the same bytes", true},
		{bad, "✗ not accepted", true},
		{bad, "Where it first goes wrong: layer 12, q_proj", true},
		{bad, "32 layers, 2 of them beyond the limit; the largest error is NaN, of layer 20", true},
		{bad, "the same at all positions and heads", true},
		{bad, "first at <code>[0 1]</code>: -0.0456 instead of 0.0123", true},
		{bad, "&lt;script&gt;alert(1)&lt;/script&gt;", true},
		{bad, "rope_theta: 500000 and 10000", true},
		{bad, "layer 20, each layer alone: NaN", true},
		{bad, "2 more tensors", true},
		{bad, "∞ ± NaN", true},
		{bad, `<code>&lt;b&gt;\x1b[2J</code>`, true},
	} {
		if strings.Contains(c.page, c.want) != c.in {
			t.Errorf("%q in the page: %v, want %v", c.want, !c.in, c.in)
		}
	}
	if n := strings.Count(bad, "no-mark"); n < 8 {
		t.Errorf("%d marks of failure", n)
	}
}

func write(t *testing.T, r *verify.Report, name string) string {
	t.Helper()
	var b bytes.Buffer
	a := htmlpage.About{Command: "olmotool verify A B", Version: "devel", Facts: []htmlpage.Fact{{Name: "processor", Value: "AVX2"}}}
	if err := Write(&b, r, a); err != nil {
		t.Fatal(err)
	}
	if *keep != "" && name != "" {
		if err := os.WriteFile(*keep+"/"+name+".html", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// wellFormed checks that tags are closed in order.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	page = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
