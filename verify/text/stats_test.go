package text

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
)

func marshal(t *testing.T, v any) string {
	t.Helper()
	s, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		x       []float64
		f, want float64
	}{
		{[]float64{3}, 0, 3},
		{[]float64{3}, 0.5, 3},
		{[]float64{3}, 1, 3},
		{[]float64{1, 2}, 0.5, 1.5},
		{[]float64{1, 2}, 0.75, 1.75},
		{[]float64{1, 2}, 1, 2},
		{[]float64{1, 2, 4}, 0.5, 2},
		{[]float64{1, 2, 4}, 0.25, 1.5},
		{[]float64{1, 2, 4}, 0.9, 3.6},
		{[]float64{0, 10, 20, 40, 80}, 0.1, 4},
		{[]float64{0, 10, 20, 40, 80}, 0.99, 78.4},
		{[]float64{0, 10, 20, 40, 80}, 0, 0},
	} {
		if got := quantile(c.x, c.f); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile %v of %v: found %v, want %v", c.f, c.x, got, c.want)
		}
	}
}

// One position has no error, and no variance to correlate.
func TestOne(t *testing.T) {
	all := []position{{nll: [2]float64{1, 2}, kl: 0.5, dp: -0.1, same: true}}
	ref := mean(all, nll(0))
	c := compare(all, ref)
	if ref != (Stat{1, 0}) || c.NLLCand != (Stat{2, 0}) || c.LnRatio != (Stat{1, 0}) || c.KL != (Stat{0.5, 0}) || c.DeltaP != (Stat{-10, 0}) ||
		math.Abs(c.DeltaPRMS.Value-10) > 1e-12 || c.DeltaPRMS.Error != 0 || c.SameTop != (Stat{100, 0}) || c.Correlation != 0 {
		t.Errorf("found %+v, %+v", ref, c)
	}
}

func TestPercents(t *testing.T) {
	last := 101.0
	for _, s := range Percents {
		p, err := strconv.ParseFloat(s, 64)
		if err != nil || p >= last {
			t.Errorf("%q after %v", s, last)
		}
		last = p
	}
	q := quantiles([]position{{kl: 2}, {kl: 1}, {kl: 3}}, func(s *position) float64 { return s.kl })
	if len(q) != len(Percents) || q["0"] != 1 || q["50"] != 2 || q["100"] != 3 {
		t.Errorf("found %v", q)
	}
}

// The names in JSON are a contract.
func TestJSON(t *testing.T) {
	r := Report{Tokens: 9, Context: 4, Pieces: 2, Scored: 2, NLLRef: Stat{1, 0.5}, PerplexityRef: Stat{math.Inf(1), math.NaN()}}
	const ref = `"tokens":9,"context":4,"pieces":2,"scored":2,"nll_ref":{"value":1,"error":0.5},"perplexity_ref":{"value":null,"error":null}`
	if got := marshal(t, r); got != "{"+ref+"}" {
		t.Errorf("found %s", got)
	}
	r.Comparison = &Comparison{KL: Stat{0.25, 0}, KLQuantiles: Quantiles{"99.9": 3}}
	const zero = `{"value":0,"error":0}`
	want := "{" + ref + `,"nll_cand":` + zero + `,"perplexity_cand":` + zero + `,"ln_perplexity_ratio":` + zero + `,"perplexity_ratio":` + zero +
		`,"perplexity_difference":` + zero + `,"kl_mean":{"value":0.25,"error":0},"kl_max":0,"kl_quantiles":{"99.9":3},"delta_p":` + zero +
		`,"delta_p_rms":` + zero + `,"delta_p_quantiles":null,"same_top_p":` + zero + "}"
	if got := marshal(t, r); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

// Offsets that softmax does not see, and logits far apart.
func TestScore(t *testing.T) {
	row := []float64{1, 3, 3, -2, 0.5}
	shifted := slices.Clone(row)
	for i := range shifted {
		shifted[i] += 1e6
	}
	for came := range int32(5) {
		s := score([][]float64{row, shifted}, came)
		if math.Abs(s.nll[0]-s.nll[1]) > 1e-9 || s.kl > 1e-9 || math.Abs(s.dp) > 1e-9 || !s.same {
			t.Errorf("the same but for an offset: %+v", s)
		}
	}
	far := score([][]float64{{0, -1e99}, {-1e99, 0}}, 0)
	if far.nll != [2]float64{0, 1e99} || far.kl != 1e99 || far.dp != -1 || far.same {
		t.Errorf("logits far apart: %+v", far)
	}
	if s := score([][]float64{{1, 1}, {0, 1}}, 1); s.same {
		t.Error("of two equal logits the second was taken")
	}
	if top := largest([]float32{-5, -4, -4}); top != 1 {
		t.Errorf("the first largest is at %d", top)
	}
}
