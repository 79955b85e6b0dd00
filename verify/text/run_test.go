package text

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The definitions, written down without care for rounding or memory.
func TestNaive(t *testing.T) {
	const n, vocab = 24, 7
	ref, cand, came := madeUp[float64](n, vocab)
	text := place(9, came)
	r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9})
	if err != nil {
		t.Fatal(err)
	}
	softmax := func(x []float64) []float64 {
		p, sum := make([]float64, len(x)), 0.0
		for i := range x {
			p[i] = math.Exp(x[i])
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	}
	var kl, same, a, b, aa, bb, ab, d, d2, d4 float64
	for i := range n {
		p, q := softmax(ref.Row(i)), softmax(cand.Row(i))
		for j := range p {
			kl += p[j] * math.Log(p[j]/q[j]) / n
		}
		if slices.Index(p, slices.Max(p)) == slices.Index(q, slices.Max(q)) {
			same++
		}
		x, y := -math.Log(p[came[i]]), -math.Log(q[came[i]])
		a, b, aa, bb, ab = a+x/n, b+y/n, aa+x*x/n, bb+y*y/n, ab+x*y/n
		dp := q[came[i]] - p[came[i]]
		d, d2, d4 = d+dp/n, d2+dp*dp/n, d4+dp*dp*dp*dp/n
	}
	varA, varB, cov := aa-a*a, bb-b*b, ab-a*b
	ppl, pplCand := math.Exp(a), math.Exp(b)
	of := func(variance float64) float64 { return math.Sqrt(variance / (n - 1)) }
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"nll", r.NLLRef.Value, a},
		{"nll error", r.NLLRef.Error, of(varA)},
		{"nll of the candidate", r.NLLCand.Value, b},
		{"its error", r.NLLCand.Error, of(varB)},
		{"perplexity", r.PerplexityRef.Value, ppl},
		{"perplexity error", r.PerplexityRef.Error, ppl * of(varA)},
		{"correlation", r.Correlation, cov / math.Sqrt(varA*varB)},
		{"ln ratio", r.LnRatio.Value, b - a},
		{"ln ratio error", r.LnRatio.Error, of(varA + varB - 2*cov)},
		{"ratio", r.Ratio.Value, pplCand / ppl},
		{"ratio error", r.Ratio.Error, pplCand / ppl * of(varA+varB-2*cov)},
		{"difference", r.Difference.Value, pplCand - ppl},
		{"difference error", r.Difference.Error, of(ppl*ppl*varA + pplCand*pplCand*varB - 2*ppl*pplCand*cov)},
		{"KL", r.KL.Value, kl},
		{"Δp", r.DeltaP.Value, 100 * d},
		{"Δp error", r.DeltaP.Error, 100 * of(d2-d*d)},
		{"RMS Δp", r.DeltaPRMS.Value, 100 * math.Sqrt(d2)},
		{"its error", r.DeltaPRMS.Error, 100 * of(d4-d2*d2) / (2 * math.Sqrt(d2))},
		{"same top", r.SameTop.Value, 100 * same / n},
		{"its error", r.SameTop.Error, 100 * of(same/n*(1-same/n))},
	} {
		if math.Abs(c.got-c.want) > 1e-11*math.Abs(c.want) {
			t.Errorf("%s: found %.15g, want %.15g", c.name, c.got, c.want)
		}
	}
}

// Neither threads nor groups of pieces nor blocks of rows change a bit.
func TestSchedule(t *testing.T) {
	ref, cand, came := madeUp[float32](60, 33)
	text := place(8, came)
	var want *Report
	for _, threads := range []int{1, 2, 7, 0, -1} {
		for _, batch := range []int{1, 3, 1000, 0, -5} {
			got, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 8, Threads: threads, BatchPieces: batch})
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%d threads, %d pieces: %s", threads, batch, d)
			}
		}
	}
}

// Equal models differ by nothing at all, and a single one has no comparison.
func TestSame(t *testing.T) {
	ref, _, came := madeUp[float32](40, 12)
	text := place(4, came)
	r, err := run(t.Context(), scripts(t, text, ref, ref), text.ids, Options{Context: 4})
	if err != nil {
		t.Fatal(err)
	}
	one, err := run(t.Context(), scripts(t, text, ref), text.ids, Options{Context: 4})
	if err != nil {
		t.Fatal(err)
	}
	if one.Comparison != nil || one.NLLRef != r.NLLRef || one.PerplexityRef != r.PerplexityRef {
		t.Errorf("alone %+v, with a candidate %+v", one, r)
	}
	if r.PerplexityCand != r.PerplexityRef || r.NLLCand != r.NLLRef || math.Abs(r.Correlation-1) > 1e-15 {
		t.Errorf("equal models have %+v", r)
	}
	zero, hundred := Stat{}, Stat{Value: 100}
	if r.LnRatio != zero || r.Difference != zero || r.KL != zero || r.KLMax != 0 || r.DeltaP != zero || r.DeltaPRMS != zero ||
		r.Ratio != (Stat{Value: 1}) || r.SameTop != hundred || r.KLQuantiles["0"] != 0 || r.DeltaPQuantiles["0"] != 0 {
		t.Errorf("equal models differ: %+v", r.Comparison)
	}
}

// A model can be so wrong that its perplexity is beyond float64: the rest stays
// numbers, and JSON.
func TestBeyond(t *testing.T) {
	ref, cand, came := madeUp[float64](12, 10)
	for i := range cand.Data {
		cand.Data[i] *= 1e50
	}
	text := place(9, came)
	r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(r.PerplexityCand.Value, 1) || r.NLLCand.Value < 1e49 || r.KL.Value < 1e49 || math.IsInf(r.KL.Error, 0) {
		t.Errorf("found %+v", r.Comparison)
	}
	if s := marshal(t, r); !strings.Contains(s, `"perplexity_cand":{"value":null,"error":null},`) {
		t.Errorf("found %s", s)
	}
}
