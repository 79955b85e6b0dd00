package text

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
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
		{"nll", r.NLLRef.Value, a}, {"nll error", r.NLLRef.Error, of(varA)},
		{"nll of the candidate", r.NLLCand.Value, b}, {"its error", r.NLLCand.Error, of(varB)},
		{"perplexity", r.PerplexityRef.Value, ppl}, {"perplexity error", r.PerplexityRef.Error, ppl * of(varA)},
		{"correlation", r.Correlation, cov / math.Sqrt(varA*varB)},
		{"ln ratio", r.LnRatio.Value, b - a}, {"ln ratio error", r.LnRatio.Error, of(varA + varB - 2*cov)},
		{"ratio", r.Ratio.Value, pplCand / ppl}, {"ratio error", r.Ratio.Error, pplCand / ppl * of(varA+varB-2*cov)},
		{"difference", r.Difference.Value, pplCand - ppl},
		{"difference error", r.Difference.Error, of(ppl*ppl*varA + pplCand*pplCand*varB - 2*ppl*pplCand*cov)},
		{"KL", r.KL.Value, kl},
		{"Δp", r.DeltaP.Value, 100 * d}, {"Δp error", r.DeltaP.Error, 100 * of(d2-d*d)},
		{"RMS Δp", r.DeltaPRMS.Value, 100 * math.Sqrt(d2)}, {"its error", r.DeltaPRMS.Error, 100 * of(d4-d2*d2) / (2 * math.Sqrt(d2))},
		{"same top", r.SameTop.Value, 100 * same / n}, {"its error", r.SameTop.Error, 100 * of(same/n*(1-same/n))},
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

func TestMemory(t *testing.T) {
	for _, c := range []struct {
		hidden, intermediate int64
		want                 int
	}{{2048, 8192, 2}, {5120, 27648, 1}, {1 << 40, 1 << 40, 1}, {1, 1, 8192}} {
		m := model[float32]{config: &olmo.Config{HiddenSize: c.hidden, IntermediateSize: c.intermediate}}
		if got := groupSize([]model[float32]{m, m}, 512); got != c.want {
			t.Errorf("%d hidden, %d intermediate: groups of %d pieces, want %d", c.hidden, c.intermediate, got, c.want)
		}
	}
	if got := headRows[float32](2, 100352); got != 83 {
		t.Errorf("%d rows of logits at a time, want 83", got)
	}
	if got := headRows[float64](2, 1<<40); got != 1 {
		t.Errorf("%d rows of logits at a time, want 1", got)
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

func TestNonFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		ref, cand map[int]float64 // by position·vocab + token
		want      metrics.Place
		text      string
	}{
		{map[int]float64{5*10 + 3: nan}, nil, metrics.Place{Side: "ref", Sequence: 1, Position: 5, Token: 3},
			"text: found NaN as the reference's logit of token 3 after position 5 of piece 1, expected a finite number"},
		{nil, map[int]float64{0: -inf, 20: nan}, metrics.Place{Side: "cand", Sequence: 0, Position: 4, Token: 0},
			"text: found -Inf as the candidate's logit of token 0 after position 4 of piece 0, expected a finite number"},
		{map[int]float64{7*10 + 9: inf}, map[int]float64{7*10 + 1: nan, 8 * 10: nan}, metrics.Place{Side: "ref", Sequence: 1, Position: 7, Token: 9}, "+Inf"},
		{map[int]float64{11 * 10: 1e101}, nil, metrics.Place{Side: "ref", Sequence: 2, Position: 7, Token: 0}, "1e+101"},
	} {
		ref, cand, came := madeUp[float64](12, 10)
		for i, v := range c.ref {
			ref.Data[i] = v
		}
		for i, v := range c.cand {
			cand.Data[i] = v
		}
		text := place(9, came)
		for _, batch := range []int{1, 2, 9} {
			r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9, BatchPieces: batch})
			var bad *NonFinite
			if !errors.As(err, &bad) || bad.Place != c.want || r != nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("found %v, %v, want %+v", r, err, c.want)
			}
		}
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

func TestRefused(t *testing.T) {
	ids := func(n int, id int32) []int32 { return slices.Repeat([]int32{id}, n) }
	bos := int32(10)
	for _, c := range []struct {
		ids  []int32
		o    Options
		want string
	}{
		{ids(1023, 0), Options{Name: "a.txt"}, "a.txt: found 1023 tokens, expected at least 1024 for two pieces of 512; pieces of 511 would do"},
		{nil, Options{}, "text: found 0 tokens, expected at least 1024 for two pieces of 512"},
		{ids(5, 0), Options{Context: 3}, "text: found 5 tokens, expected at least 6 for two pieces of 3"},
		{ids(100, 0), Options{Context: 2}, "text: found pieces of 2 tokens, expected at least 3 and at most 600, the context of the model"},
		{ids(100, 0), Options{Context: -1}, "text: found pieces of -1 tokens"},
		{ids(2000, 0), Options{Context: 601}, "text: found pieces of 601 tokens"},
		{ids(100, 0), Options{Context: math.MaxInt}, "text: found pieces of 9223372036854775807 tokens"},
		{append(ids(7, 9), 10), Options{Context: 4}, "text: token 7: found id 10, expected one of a vocabulary of 10"},
		{append(ids(1, -1), ids(7, 0)...), Options{Context: 4}, "text: token 0: found id -1"},
		{ids(8, 9), Options{Context: 4, AddBOS: &bos}, "text: first token: found id 10, expected one of a vocabulary of 10"},
	} {
		m := accel.NewMatrix[float32](1, 10)
		models := scripts(t, pieces{context: 4}, m, m)
		models[1].config.MaxPositionEmbeddings = 600
		r, err := run(t.Context(), models, c.ids, c.o)
		var bad *formats.Error
		if !errors.As(err, &bad) || r != nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%d ids, %+v: found %v, want %s", len(c.ids), c.o, err, c.want)
		}
	}
	models := scripts(t, pieces{context: 4}, accel.NewMatrix[float32](1, 10), accel.NewMatrix[float32](1, 11))
	_, err := run(t.Context(), models, ids(8, 1), Options{Context: 4})
	if want := "text: found a candidate with a vocabulary of 11, expected 10, that of the reference"; err == nil || err.Error() != want {
		t.Errorf("found %v, want %s", err, want)
	}
}

// With a bos, as llama-perplexity: the text has it in front, and each piece in the
// place of its first token, which is lost.
func TestPieces(t *testing.T) {
	bos := int32(9)
	for _, c := range []struct {
		n, context int
		bos        *int32
		read, came [][]int32
	}{
		{11, 5, nil, [][]int32{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}}, [][]int32{{3, 4}, {8, 9}}},
		{8, 4, nil, [][]int32{{0, 1, 2, 3}, {4, 5, 6, 7}}, [][]int32{{3}, {7}}},
		{6, 3, nil, [][]int32{{0, 1, 2}, {3, 4, 5}}, [][]int32{{2}, {5}}},
		{7, 4, &bos, [][]int32{{9, 0, 1, 2}, {9, 4, 5, 6}}, [][]int32{{2}, {6}}},
		{10, 5, &bos, [][]int32{{9, 0, 1, 2, 3}, {9, 5, 6, 7, 8}}, [][]int32{{2, 3}, {7, 8}}},
	} {
		p := pieces{context: c.context, bos: c.bos}
		for i := range c.n {
			p.ids = append(p.ids, int32(i))
		}
		var read, came [][]int32
		for i := range p.count() {
			read, came = append(read, p.read(i)), append(came, p.came(i))
			if len(p.came(i)) != p.scored() {
				t.Errorf("%d tokens came, %d are scored", len(p.came(i)), p.scored())
			}
		}
		if d := cmp.Diff([][][]int32{c.read, c.came}, [][][]int32{read, came}); d != "" {
			t.Errorf("%d tokens in pieces of %d: %s", c.n, c.context, d)
		}
		if err := p.check(1<<20, 100); err != nil {
			t.Error(err)
		}
	}
}

func TestProgress(t *testing.T) {
	ref, cand, came := madeUp[float32](12, 10)
	text := place(9, came)
	var total, done int64
	_, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9, BatchPieces: 2, Progress: func(_ string, n int64) func(int64) {
		total = n
		return func(n int64) { done += n }
	}})
	if want := int64(27 * (2 + 3)); err != nil || total != want || done != want {
		t.Errorf("told of %d of %d, %v, want %d", done, total, err, want)
	}
}

// An error of a pass ends the run.
func TestFails(t *testing.T) {
	ref, cand, came := madeUp[float32](12, 10)
	text := place(9, came)
	for _, step := range []string{"embed", "block", "norm", "logits"} {
		for side := range 2 {
			models := scripts(t, text, ref, cand)
			models[side].pass = &failing{models[side].pass, step}
			if _, err := run(t.Context(), models, text.ids, Options{Context: 9}); err == nil || err.Error() != step {
				t.Errorf("found %v, want %s", err, step)
			}
		}
	}
}

type failing struct {
	pass[float32]
	step string
}

func (f *failing) fail(step string) error {
	if step == f.step {
		return errors.New(step)
	}
	return nil
}

func (f *failing) Embed(ctx context.Context, b forward.Batch) (accel.Matrix[float32], error) {
	x, err := f.pass.Embed(ctx, b)
	return x, errors.Join(f.fail("embed"), err)
}

func (f *failing) Block(ctx context.Context, l int, b forward.Batch, x accel.Matrix[float32], tap forward.Tap[float32]) error {
	return errors.Join(f.fail("block"), f.pass.Block(ctx, l, b, x, tap))
}

func (f *failing) Norm(x accel.Matrix[float32]) error {
	return errors.Join(f.fail("norm"), f.pass.Norm(x))
}

func (f *failing) Logits(ctx context.Context, x accel.Matrix[float32]) (accel.Matrix[float32], error) {
	y, err := f.pass.Logits(ctx, x)
	return y, errors.Join(f.fail("logits"), err)
}
