package text

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// What llama-perplexity's own code says of the same logits, testdata/llama.py.
func TestLlama(t *testing.T) {
	data, err := os.ReadFile("testdata/llama.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Rows, Vocab int
		Figures     map[string][]float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		ref, cand, came := madeUp[float32](c.Rows, c.Vocab)
		text := place([]int{9, 3}[i], came) // 4 scored positions in 9 tokens, 1 in 3
		r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: text.context})
		if err != nil {
			t.Fatal(err)
		}
		if r.Scored != c.Rows {
			t.Errorf("%d positions scored, want %d", r.Scored, c.Rows)
		}
		for name, got := range figures(r) {
			want, ok := c.Figures[name]
			if !ok || len(want) != len(got) {
				t.Errorf("%s: found %v, llama.cpp %v", name, got, want)
				continue
			}
			delete(c.Figures, name)
			for k := range want {
				// It computes in float32, and takes small differences of large sums.
				if math.Abs(got[k]-want[k]) > 3e-6+2e-5*math.Abs(want[k]) {
					t.Errorf("%s: found %.9g, llama.cpp %.9g", name, got, want)
				}
			}
		}
		for name := range c.Figures {
			t.Errorf("%s is not compared", name)
		}
	}
}

// figures returns a report under the names that llama-perplexity prints.
func figures(r *Report) map[string][]float64 {
	stat := func(s Stat) []float64 { return []float64{s.Value, s.Error} }
	out := map[string][]float64{
		"Mean PPL(Q)":                    stat(r.PerplexityCand),
		"Mean PPL(base)":                 stat(r.PerplexityRef),
		"Cor(ln(PPL(Q)), ln(PPL(base)))": {100 * r.Correlation},
		"Mean ln(PPL(Q)/PPL(base))":      stat(r.LnRatio),
		"Mean PPL(Q)/PPL(base)":          stat(r.Ratio),
		"Mean PPL(Q)-PPL(base)":          stat(r.Difference),
		"Mean KLD":                       stat(r.KL),
		"Maximum KLD":                    {r.KLMax},
		"Mean Δp":                        stat(r.DeltaP),
		"RMS Δp":                         stat(r.DeltaPRMS),
		"Same top p":                     stat(r.SameTop),
	}
	for percent, name := range map[string]string{
		"99.9": "99.9%", "99": "99.0%", "95": "95.0%", "90": "90.0%", "75": "75.0%", "50": "Median",
		"25": "25.0%", "10": "10.0%", "5": "5.0%", "1": "1.0%", "0.1": "0.1%", "0": "Minimum", "100": "Maximum",
	} {
		if percent != "75" && percent != "25" { // these of Δp only
			out[name+" KLD"] = []float64{r.KLQuantiles[percent]}
		}
		out[name+" Δp"] = []float64{r.DeltaPQuantiles[percent]}
	}
	return out
}
