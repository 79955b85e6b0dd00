package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/accel"
)

func matrix[T accel.Float](rows, cols int, data ...T) accel.Matrix[T] {
	return accel.Matrix[T]{Rows: rows, Cols: cols, Data: data}
}

func positions(n int) []At {
	at := make([]At, n)
	for i := range at {
		at[i] = At{i / 3, i % 3}
	}
	return at
}

func logits[R, C accel.Float](t testing.TB, ref accel.Matrix[R], cand accel.Matrix[C], allowed float64) *Logits {
	t.Helper()
	acc := NewAccumulator(ref.Cols, 2)
	if err := Add(acc, ref, cand, positions(ref.Rows)); err != nil {
		t.Fatal(err)
	}
	return acc.Logits(func(int, Row) float64 { return allowed })
}

func near(t *testing.T, name string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s: found %v, want %v", name, got, want)
	}
}

// Two rows by hand. ref = [0 ln 3], [4 2]; cand = [0 0], [2 3].
func TestByHand(t *testing.T) {
	ln3 := math.Log(3)
	ref := matrix(2, 2, 0, ln3, 4, 2)
	cand := matrix[float32](2, 2, 0, 0, 2, 3)
	l := logits(t, ref, cand, 1.5)
	near(t, "max_abs", l.MaxAbs, 2, 0)
	if l.MaxAbsAt != [3]int{0, 1, 0} || l.Positions != 2 || l.Vocab != 2 {
		t.Errorf("found %+v", l)
	}
	near(t, "mean_abs", l.MeanAbs, (ln3+2+1)/4, 1e-15)
	near(t, "p99_abs", l.P99Abs, 2, 0)
	dd, bb := ln3*ln3+4+1, ln3*ln3+16+4
	near(t, "rel_rms", l.RelRMS, math.Sqrt(dd/bb), 1e-15)
	near(t, "nmse_energy", l.NMSEEnergy, dd/bb, 1e-15)
	mean := (ln3 + 4 + 2) / 4
	near(t, "nmse", l.NMSEVar, (dd/4)/(bb/4-mean*mean), 1e-14)
	// Rows less their means: ref ±ln3/2, ±1; cand 0 0, ∓1/2: differences ±ln3/2, ∓3/2.
	near(t, "centred", l.CentredRMS, math.Sqrt((ln3*ln3/2+4.5)/(ln3*ln3/2+2)), 1e-14)
	near(t, "cosine", l.OneMinusCos, 1-14/math.Sqrt(13*bb), 1e-15)
	near(t, "ref_std", l.RefStd, (ln3/2+1)/2, 1e-15)
	near(t, "max_abs_over_std", l.MaxAbsStd, 2, 1e-15)
	// p = (1/4, 3/4), q = (1/2, 1/2); p = (s, 1−s) with s = σ(2), q = (σ(−1), σ(1)).
	kl := func(p, q float64) float64 { return p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q)) }
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	k0, k1 := kl(0.25, 0.5), kl(sigma(2), sigma(-1))
	near(t, "kl_mean", l.KLMean, (k0+k1)/2, 1e-15)
	near(t, "kl_max", l.KLMax, k1, 1e-15)
	near(t, "kl_p99", l.KLP99, k1, 1e-15)
	near(t, "kl_reverse", l.KLReverse, (kl(0.5, 0.25)+kl(sigma(-1), sigma(2)))/2, 1e-15)
	if l.KLMaxAt != [2]int{0, 1} {
		t.Errorf("kl_max_at: %v", l.KLMaxAt)
	}
	// Row 0: ref says 1, cand (a tie) 0; margin ln 3 ≤ 3. Row 1: 0 and 1, margin 2 ≤ 3.
	near(t, "top1", l.Top1, 0, 0)
	near(t, "top10", l.Top10, 1, 0)
	if l.Flips != 2 || l.Unexcused != 0 {
		t.Errorf("flips %d, unexcused %d", l.Flips, l.Unexcused)
	}
	if l := logits(t, ref, cand, 0.6); l.Unexcused != 1 {
		t.Errorf("with 0.6 allowed %d are unexcused, want 1", l.Unexcused)
	}
}

// Against formulas written naively, for several splits into blocks and threads.
func TestNaive(t *testing.T) {
	const rows, vocab = 7, 301
	r := rand.New(rand.NewPCG(1, 2))
	ref, cand := accel.NewMatrix[float32](rows, vocab), accel.NewMatrix[float32](rows, vocab)
	for i := range ref.Data {
		ref.Data[i] = float32(r.NormFloat64()*2 - 5)
		cand.Data[i] = ref.Data[i] + float32(r.NormFloat64()*0.1)
	}
	var want Logits
	var abs, kls []float64
	top10 := 0
	for i := range rows {
		p, q := softmax(ref.Row(i)), softmax(cand.Row(i))
		kl := 0.0
		for k := range p {
			kl += p[k] * math.Log(p[k]/q[k])
			abs = append(abs, math.Abs(float64(ref.Row(i)[k])-float64(cand.Row(i)[k])))
		}
		kls = append(kls, kl)
		a, b := ranked(ref.Row(i)), ranked(cand.Row(i))
		if a[0] == b[0] {
			want.Top1 += 1.0 / rows
		}
		for _, id := range a[:10] {
			if slices.Contains(b[:10], id) {
				top10++
			}
		}
	}
	var first []byte
	for _, split := range []int{1, 2, 7} {
		for _, threads := range []int{1, 2, 5} {
			acc := NewAccumulator(vocab, threads)
			for lo := 0; lo < rows; lo += split {
				hi := min(lo+split, rows)
				if err := Add(acc, ref.Slice(lo, hi), cand.Slice(lo, hi), positions(rows)[lo:hi]); err != nil {
					t.Fatal(err)
				}
			}
			l := acc.Logits(func(int, Row) float64 { return 0 })
			b, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = b
			}
			if string(b) != string(first) {
				t.Errorf("%d rows at a time on %d threads: found\n%s, want\n%s", split, threads, b, first)
			}
			near(t, "kl_mean", l.KLMean, mean(kls), 1e-12)
			near(t, "kl_max", l.KLMax, slices.Max(kls), 1e-12)
			near(t, "mean_abs", l.MeanAbs, mean(abs), 1e-12)
			near(t, "top1", l.Top1, want.Top1, 1e-12)
			near(t, "top10", l.Top10, float64(top10)/(10*rows), 1e-12)
			slices.Sort(abs)
			exact := abs[int(math.Ceil(0.99*float64(len(abs))))-1]
			if l.P99Abs < exact || l.P99Abs > exact*1.001 {
				t.Errorf("p99_abs: found %v, want %v or at most 0.1 %% more", l.P99Abs, exact)
			}
		}
	}
}

func softmax(x []float32) []float64 {
	p, z := make([]float64, len(x)), 0.0
	for i, v := range x {
		p[i] = math.Exp(float64(v))
		z += p[i]
	}
	for i := range p {
		p[i] /= z
	}
	return p
}

func ranked[T accel.Float](x []T) []int {
	ids := make([]int, len(x))
	for i := range ids {
		ids[i] = i
	}
	sort.SliceStable(ids, func(i, j int) bool { return x[ids[i]] > x[ids[j]] })
	return ids
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "vocab")
		draw := func(name string) accel.Matrix[float32] {
			return matrix(1, n, rapid.SliceOfN(rapid.Float32Range(-30, 30), n, n).Draw(t, name)...)
		}
		ref, cand := draw("ref"), draw("cand")
		acc := NewAccumulator(n, 1)
		if err := Add(acc, ref, cand, positions(1)); err != nil {
			t.Fatal(err)
		}
		l := acc.Logits(func(int, Row) float64 { return 0 })
		if !(l.KLMean >= 0 && l.KLReverse >= 0 && l.OneMinusCos >= 0 && l.Top10 <= 1 && l.P99Abs <= l.MaxAbs) {
			t.Fatalf("found %+v", l)
		}
		if got, want := topOf(ref.Row(0)), ranked(ref.Row(0))[:min(n, topK)]; !slices.Equal(got, want) {
			t.Fatalf("top: found %v, want %v", got, want)
		}

		// A run is at no distance from itself.
		acc = NewAccumulator(n, 1)
		if err := Add(acc, ref, ref, positions(1)); err != nil {
			t.Fatal(err)
		}
		same := acc.Logits(func(int, Row) float64 { return 0 })
		if same.KLMax != 0 || same.MaxAbs != 0 || same.OneMinusCos != 0 || same.CentredRMS != 0 || same.Top10 != 1 || same.Flips != 0 {
			t.Fatalf("with itself: found %+v", same)
		}

		// Softmax does not see a shift: neither do KL and the centred error.
		shift := rapid.Float64Range(-10, 10).Draw(t, "shift")
		moved := accel.NewMatrix[float64](1, n)
		for i, v := range cand.Data {
			moved.Data[i] = float64(v) + shift
		}
		acc = NewAccumulator(n, 1)
		if err := Add(acc, ref, moved, positions(1)); err != nil {
			t.Fatal(err)
		}
		s := acc.Logits(func(int, Row) float64 { return 0 })
		scale := max(1, l.CentredRMS)
		if math.Abs(s.KLMean-l.KLMean) > 1e-9 || s.CentredRMS-s.CentredRMS == 0 && math.Abs(s.CentredRMS-l.CentredRMS) > 1e-5*scale {
			t.Fatalf("shifted by %v: KL %v and %v, centred %v and %v", shift, s.KLMean, l.KLMean, s.CentredRMS, l.CentredRMS)
		}
	})
}

// What is far from equal has a divergence well above rounding.
func TestKLPositive(t *testing.T) {
	for _, d := range []float64{1e-3, 1e-5, 1e-6} {
		l := logits(t, matrix(1, 3, 1.0, 2, 3), matrix(1, 3, 1+d, 2, 3), 0)
		p := softmax([]float32{1, 2, 3})[0]
		near(t, "KL", l.KLMean/(p*(1-p)/2*d*d), 1, 1e-2) // its second-order term
	}
}

func TestNonFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	ref := matrix(4, 2, 1, 2, 3, 4, 5, inf, 1, 2)
	cand := matrix(4, 2, 1, 2, nan, nan, 5, 6, 1, 3)
	l := logits(t, ref, cand, 0)
	if l.NaN != 2 || l.Inf != 1 || l.NonFinite != 2 || *l.NonFiniteAt != (Place{"cand", 0, 1, 0}) {
		t.Errorf("found %+v at %+v", l, l.NonFiniteAt)
	}
	near(t, "max_abs", l.MaxAbs, 1, 0)
	near(t, "mean_abs of what is finite", l.MeanAbs, 0.25, 0)

	// Nothing finite: nothing to tell, and JSON all the same.
	l = logits(t, matrix(1, 2, nan, 1), matrix(1, 2, 1.0, 1), 0)
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"kl_mean":null`, `"max_abs":null`, `"p99_abs":null`, `"top1_agreement":null`, `"nan":1`,
		`"non_finite_at":{"side":"ref","sequence":0,"position":0,"token":0}`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("found %s, want %s in it", b, want)
		}
	}
	// Large, but numbers.
	if l := logits(t, matrix(1, 2, 1e200, 1), matrix(1, 2, 1e200, 2), 0); l.NonFinite != 0 {
		t.Errorf("found %+v", l)
	}
}

func TestShapes(t *testing.T) {
	acc := NewAccumulator(3, 1)
	for _, cand := range []accel.Matrix[float32]{matrix[float32](1, 2, 1, 2), matrix[float32](2, 3, 1, 2, 3, 4, 5, 6)} {
		if err := Add(acc, matrix(1, 3, 1.0, 2, 3), cand, positions(1)); err == nil {
			t.Errorf("[%d %d] was taken for [1 3]", cand.Rows, cand.Cols)
		}
	}
}

func TestActivations(t *testing.T) {
	ref := matrix[float32](3, 2, 3, 4, 0, 1, 6, 8)
	cand := matrix(3, 2, 3, 4.5, 0, 0.5, 6, 8)
	a := Compare(ref, cand)
	want := Activations{RelRMS: math.Sqrt(0.5 / 126), Worst: 0.5, WorstRow: 1, FirstNonFinite: -1, rows: 3, dd: 0.5, bb: 126}
	if a != want {
		t.Errorf("found %+v, want %+v", a, want)
	}
	byRow := Grouped(ref, cand, 2, func(row, _ int) int { return row % 2 })
	byCol := Grouped(ref, cand, 2, func(_, col int) int { return col })
	if !reflect.DeepEqual(byRow, []float64{math.Sqrt(0.25 / 125), 0.5}) || !reflect.DeepEqual(byCol, []float64{0, math.Sqrt(0.5 / 81)}) {
		t.Errorf("found %v by row, %v by column", byRow, byCol)
	}
	cand.Data[4] = math.Inf(1)
	if a := Compare(ref, cand); a.NonFinite != 1 || a.FirstNonFinite != 2 || a.RelRMS != math.Sqrt(0.5/26) {
		t.Errorf("with an infinity: found %+v", a)
	}
	for cut := range 4 { // in two runs of rows
		var all Activations
		all.Append(Compare(ref.Slice(0, cut), cand.Slice(0, cut)))
		all.Append(Compare(ref.Slice(cut, 3), cand.Slice(cut, 3)))
		if want := Compare(ref, cand); all != want {
			t.Errorf("cut at %d: found %+v, want %+v", cut, all, want)
		}
	}
	if a := Compare(matrix(1, 1, math.NaN()), matrix(1, 1, 1.0)); a.RelRMS == a.RelRMS {
		t.Errorf("of nothing finite: found %+v", a)
	}
	if a := Compare(matrix(1, 1, 0.0), matrix(1, 1, 1.0)); !math.IsInf(a.RelRMS, 1) {
		t.Errorf("where the reference is zero: found %+v", a)
	}
}

// 512 positions of a vocabulary of 100352 should take no more than 1.5 s on two
// threads: this is a tenth of that.
func BenchmarkAdd(b *testing.B) {
	const rows, vocab = 51, 100352
	r := rand.New(rand.NewPCG(1, 2))
	ref, cand := accel.NewMatrix[float32](rows, vocab), accel.NewMatrix[float32](rows, vocab)
	for i := range ref.Data {
		ref.Data[i] = float32(r.NormFloat64())
		cand.Data[i] = ref.Data[i] + 1e-5*float32(r.NormFloat64())
	}
	acc := NewAccumulator(vocab, 2)
	for b.Loop() {
		if err := Add(acc, ref, cand, positions(rows)); err != nil {
			b.Fatal(err)
		}
	}
}

// Where nothing was finite there is nothing to tell: no error of 0.
func TestAllNonFinite(t *testing.T) {
	nan := math.NaN()
	acc := NewAccumulator(2, 1)
	if err := Add(acc, matrix(1, 2, nan, nan), matrix(1, 2, nan, nan), []At{{0, 0}}); err != nil {
		t.Fatal(err)
	}
	l := acc.Logits(func(int, Row) float64 { return 0 })
	for name, v := range map[string]float64{
		"max_abs": l.MaxAbs, "mean_abs": l.MeanAbs, "p99_abs": l.P99Abs, "rel_rms": l.RelRMS, "centred_rel_rms": l.CentredRMS, "nmse": l.NMSEVar,
		"nmse_energy": l.NMSEEnergy, "one_minus_cosine": l.OneMinusCos, "ref_std": l.RefStd, "max_abs_over_std": l.MaxAbsStd,
		"kl_mean": l.KLMean, "kl_p99": l.KLP99, "kl_max": l.KLMax, "top1_agreement": l.Top1, "top10_overlap": l.Top10,
	} {
		if v == v {
			t.Errorf("%s: found %v, want NaN", name, v)
		}
	}
}
