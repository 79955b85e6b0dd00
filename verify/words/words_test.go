package words

import (
	"math"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/verify"
	"olmotool/verify/metrics"
	"olmotool/verify/text"
	"olmotool/verify/weights"
)

func TestLines(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct{ got, want string }{
		{Side(verify.Side{}), ""},
		{Side(verify.Side{Layout: "gguf", Model: "olmo2", Parameters: 1234, DTypes: map[formats.DType]int64{formats.Q8_0: 2000, formats.F32: 4}}), "gguf, olmo2, 1,234 parameters, F32 4 B, Q8_0 2.0 kB"},
		{Weights(&weights.Report{}), "0 tensors compared"},
		{Weights(&weights.Report{Tensors: 1, Identical: 1}), "1 tensor compared: 1 the same bytes"},
		{
			Weights(&weights.Report{Tensors: 1500, Cast: 2, Quantised: 3, Bounded: 4, Failures: make([]weights.Tensor, 5), MoreFailures: 1, Missing: make([]string, 6), Extra: make([]string, 7)}),
			"1,500 tensors compared: 2 correctly rounded, 3 correctly quantised, 4 within the error of their type, 6 wrong, 6 missing, 7 in excess",
		},
		{Place(verify.Divergence{Layer: -1, Site: "embed_tokens"}, 4), "before the first layer, embed_tokens"},
		{Place(verify.Divergence{Layer: 3, Site: "q_proj"}, 4), "layer 3, q_proj"},
		{Place(verify.Divergence{Layer: 4, Site: "norm"}, 4), "behind the last layer, norm"},
		{Amount(verify.Divergence{Metric: "local", Value: 0.5, Limit: 1e-5}), "relative error 0.5, limit 1e-5"},
		{Amount(verify.Divergence{Metric: "worst_token", Value: 0.5, Limit: 1e-5}), "relative error of one position 0.5, limit 1e-5"},
		{Amount(verify.Divergence{Metric: "end_to_end", Value: nan, Limit: nan}), "relative error end to end NaN, limit none"},
		{Limit(math.Inf(1)), "none"},
		{Limit(0), "0"},
		{Alone(verify.Layer{Limit: nan}, 1), ""},
		{Alone(verify.Layer{Limit: 1}, nan), "NaN"},
	} {
		if c.got != c.want {
			t.Errorf("found %q, want %q", c.got, c.want)
		}
	}
}

func TestFurther(t *testing.T) {
	for _, c := range []struct {
		verdict string
		reasons []string
		want    string
	}{
		{"not the same model: a", []string{"a", "b"}, "b"},
		{"something else", []string{"a", "b"}, "a b"},
		{"the same model", nil, ""},
	} {
		if got := strings.Join(Further(&verify.Report{Verdict: c.verdict, Reasons: c.reasons}), " "); got != c.want {
			t.Errorf("%s: found %q, want %q", c.verdict, got, c.want)
		}
	}
}

func TestLogits(t *testing.T) {
	if Logits(nil) != nil || Logits(&verify.Forward{}) != nil {
		t.Error("metrics of nothing")
	}
	f := &verify.Forward{Metrics: &metrics.Logits{RelRMS: 0.5, Top1: 0.75, Flips: 1}}
	find := func(name string) (m Metric) {
		for _, m := range Logits(f) {
			if m.Name == name {
				return m
			}
		}
		return Metric{}
	}
	if m := find("relative error"); m.Value != "0.5" || m.Expected+m.Cost != "" {
		t.Errorf("found %+v", m)
	}
	if m := find("same most likely token"); m.Value != "75 %" || !strings.HasPrefix(m.Note, "1 flip, 0 ") {
		t.Errorf("found %+v", m)
	}
	if find("no numbers").Name != "" {
		t.Error("NaN in finite logits")
	}
	f.Expected, f.Cost = &metrics.Logits{}, &metrics.Logits{RelRMS: 0.25, NaN: 2, NonFiniteAt: &metrics.Place{Side: "ref"}}
	if m := find("relative error"); m.Expected != "0" || m.Cost != "0.25" {
		t.Errorf("found %+v", m)
	}
	f.Metrics.NaN, f.Metrics.NonFinite, f.Metrics.NonFiniteAt = 3, 2, &metrics.Place{Side: "cand", Sequence: 1, Position: 2, Token: 4}
	if m := find("no numbers"); m.Value != "3 NaN, 0 ∞" || m.Cost != "2 NaN, 0 ∞" || m.Note != "2 positions left out; the first, of cand: sequence 1, position 2, token 4" {
		t.Errorf("found %+v", m)
	}
	for _, c := range []struct {
		m    *metrics.Logits
		want bool
	}{
		{nil, false},
		{&metrics.Logits{}, true},
		{&metrics.Logits{MaxAbs: 1e-30}, false},
		{&metrics.Logits{MaxAbs: math.NaN()}, false},
		{&metrics.Logits{NonFinite: 1}, false},
	} {
		if got := EqualLogits(&verify.Forward{Metrics: c.m}); got != c.want {
			t.Errorf("%+v: equal %v", c.m, got)
		}
	}
}

// The rows have the names and the order of llama-perplexity.
func TestText(t *testing.T) {
	if Text(nil) != nil {
		t.Error("scores of nothing")
	}
	one := Text(&text.Report{PerplexityRef: text.Stat{Value: 7.5, Error: 0.25}})
	if len(one) != 1 || one[0].Name != "Mean PPL(base)" || one[0].Value != "7.500000 ± 0.250000" {
		t.Errorf("found %v", one)
	}
	q := text.Quantiles{}
	for _, p := range text.Percents {
		q[p] = 0.5
	}
	rows := Text(&text.Report{Comparison: &text.Comparison{PerplexityCand: text.Stat{Value: math.Inf(1), Error: math.NaN()}, Correlation: 0.5, KLQuantiles: q, DeltaPQuantiles: text.Quantiles{"50": -1}}})
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
	}
	want := "Mean PPL(Q)|Mean PPL(base)|Cor(ln(PPL(Q)), ln(PPL(base)))|Mean ln(PPL(Q)/PPL(base))|Mean PPL(Q)/PPL(base)|Mean PPL(Q)-PPL(base)|Mean KLD|" +
		"Maximum KLD|99.9% KLD|99% KLD|95% KLD|90% KLD|75% KLD|Median KLD|25% KLD|10% KLD|5% KLD|1% KLD|0.1% KLD|Minimum KLD|Mean Δp|Median Δp|RMS Δp|Same top p"
	if got := strings.Join(names, "|"); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if rows[0].Value != "∞ ± NaN" || rows[2].Value != "50.000000 %" || rows[21].Value != "-1.000000 %" {
		t.Errorf("found %v", rows)
	}
}
