package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
)

// TestLarge compares tensors of several pieces with what sorting and summing
// says.
func TestLarge(t *testing.T) {
	const n = 3*pieceElems + 1000
	r := rand.New(rand.NewPCG(1, 2))
	vs := make([]float64, n)
	for i := range vs {
		vs[i] = float64(float32(1 + 0.003*r.NormFloat64()))
		if i%5 == 0 {
			vs[i] = float64(float32(-vs[i] * 1e-3))
		}
	}
	vs[4], vs[5] = 300, math.Copysign(0, -1)
	for _, d := range []formats.DType{formats.F32, formats.F64} {
		if d == formats.F64 {
			for i := range vs {
				vs[i] *= math.Pi
			}
		}
		x := tensorOf(t, d, encode(d, vs...), n)
		exact, rough := of(t, x, Options{Threads: 2, Exact: true}), of(t, x, Options{})
		if exact.QuantileError != 0 || rough.QuantileError == 0 {
			t.Errorf("%s: found errors %v and %v", d, exact.QuantileError, rough.QuantileError)
		}
		sorted := slices.Sorted(slices.Values(vs))
		var h Histogram
		for i, level := range Levels {
			at := level * (n - 1)
			a, b := sorted[int(at)], sorted[int(at)+1]
			part := at - math.Floor(at)
			want := a + float64((b-a)*part)
			if part >= 0.5 {
				want = b - float64((b-a)*(1-part))
			}
			if exact.Quantiles[i] != want {
				t.Errorf("%s: quantile %v: found %v, want %v", d, level, exact.Quantiles[i], want)
			}
			if e := math.Abs(rough.Quantiles[i] - want); e > rough.QuantileError*math.Abs(want) {
				t.Errorf("%s: quantile %v: found %v without a second pass, want about %v", d, level, rough.Quantiles[i], want)
			}
		}
		h = Histogram{Low: exact.Quantiles[0], High: exact.Quantiles[len(Levels)-1], Counts: make([]int64, Bins)}
		for _, v := range vs {
			switch {
			case v < h.Low:
				h.Below++
			case v > h.High:
				h.Above++
			default:
				h.Counts[min(Bins-1, int((v-h.Low)/(h.High-h.Low)*Bins))]++
			}
		}
		if g := exact.Histogram; g.Low != h.Low || g.High != h.High || g.Below != h.Below || g.Above != h.Above || !slices.Equal(g.Counts, h.Counts) {
			t.Errorf("%s: found %+v, want %+v", d, g, h)
		}
		total := rough.Histogram.Below + rough.Histogram.Above
		for _, c := range rough.Histogram.Counts {
			total += c
		}
		if total != n {
			t.Errorf("%s: the histogram has %d of %d elements", d, total, n)
		}
		mean, std := meanStd(vs)
		if !near(exact.Mean, mean, 1e-14*math.Abs(mean)) || !near(exact.Std, std, 1e-13*std) {
			t.Errorf("%s: found %v ± %v, want %v ± %v", d, exact.Mean, exact.Std, mean, std)
		}
	}
}

// meanStd sums with errors carried along, in one piece.
func meanStd(vs []float64) (mean, std float64) {
	var s moments
	for _, v := range vs {
		s.add(v)
	}
	mean = (s.sum + s.err) / float64(len(vs))
	s = moments{}
	for _, v := range vs {
		s.add((v - mean) * (v - mean))
	}
	return mean, math.Sqrt((s.sum + s.err) / float64(len(vs)))
}

// TestFarMean: the deviation is small beside the mean.
func TestFarMean(t *testing.T) {
	const n = pieceElems + 77
	vs := make([]float64, n)
	r := rand.New(rand.NewPCG(1, 3))
	for i := range vs {
		vs[i] = 1e6 + r.NormFloat64()
	}
	s := of(t, tensorOf(t, formats.F64, encode(formats.F64, vs...), n), Options{})
	if mean, std := meanStd(vs); !near(s.Mean, mean, 1e-15*mean) || !near(s.Std, std, 1e-12*std) {
		t.Errorf("found %v ± %v, want %v ± %v", s.Mean, s.Std, mean, std)
	}
}

// TestExtremes: the ends of float64 are in the ends of the histogram, and all
// between somewhere.
func TestExtremes(t *testing.T) {
	const smallest = math.SmallestNonzeroFloat64
	for _, ends := range [][2]float64{{-math.MaxFloat64, math.MaxFloat64}, {0, smallest}, {-smallest, smallest}} {
		for _, n := range []int{1000, pieceElems + 1000} {
			vs := make([]float64, n)
			for i := range vs {
				vs[i] = ends[i%2]
			}
			s := of(t, tensorOf(t, formats.F64, encode(formats.F64, vs...), int64(n)), Options{})
			total := s.Histogram.Below + s.Histogram.Above
			for _, c := range s.Histogram.Counts {
				if c < 0 {
					t.Errorf("%v: found a bin of %d", ends, c)
				}
				total += c
			}
			if total != int64(n) || s.Min != ends[0] || s.Max != ends[1] {
				t.Errorf("%v: found %d of %d elements in %+v", ends, total, n, s.Histogram)
			}
		}
	}
}

// TestDead compares with a look at every row and column.
func TestDead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 70).Draw(t, "rows"), rapid.IntRange(1, 140).Draw(t, "cols")
		d := rapid.SampledFrom([]formats.DType{formats.BF16, formats.F32, formats.F64}).Draw(t, "dtype")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		vs := make([]float64, rows*cols)
		for i := range vs {
			vs[i] = math.Copysign(0, float64(i%3)-1)
		}
		for range r.IntN(2 * rows) {
			row := vs[r.IntN(rows)*cols:][:cols]
			row[r.IntN(cols)] = 1
			if r.IntN(4) == 0 {
				for c := range row {
					row[c] = float64(min(1, r.IntN(9)))
				}
			}
		}
		want := &Dead{FirstRow: -1, FirstColumn: -1}
		for r := rows - 1; r >= 0; r-- {
			if slices.Max(vs[r*cols:][:cols]) == 0 {
				want.Rows, want.FirstRow = want.Rows+1, int64(r)
			}
		}
		for c := cols - 1; c >= 0; c-- {
			dead := true
			for r := range rows {
				dead = dead && vs[r*cols+c] == 0
			}
			if dead {
				want.Columns, want.FirstColumn = want.Columns+1, int64(c)
			}
		}
		b := encode(d, vs...)
		k, _ := kindOf(d)
		s := newDead([]int64{int64(rows), int64(cols)}, k)
		for first := 0; first < len(vs); { // in parts that rows cross
			n := min(rapid.IntRange(1, 200).Draw(t, "n"), len(vs)-first)
			s.see(int64(first), b[first*k.Width:(first+n)*k.Width], k)
			first += n
		}
		if got := s.count(); *got != *want {
			t.Fatalf("found %+v, want %+v", got, want)
		}
	})
}

func TestDeadShapes(t *testing.T) {
	b := encode(formats.F32, 0, 0, 0, 1, 0, 0, 0, 2)
	for _, c := range []struct {
		shape []int64
		want  *Dead
	}{
		{[]int64{8}, nil},
		{[]int64{2, 2, 2}, &Dead{2, 1, 0, 0}}, // four rows
		{[]int64{8, 1}, &Dead{6, 0, 0, -1}},
		{[]int64{1, 8}, &Dead{0, 6, -1, 0}},
	} {
		got := of(t, tensorOf(t, formats.F32, b, c.shape...), Options{}).Dead
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%v: found %+v, want %+v", c.shape, got, c.want)
		}
	}
	k, _ := kindOf(formats.F32)
	if newDead([]int64{1, maxTracked + 1}, k) != nil || newDead([]int64{maxTracked + 1, 1}, k) != nil {
		t.Error("more than is kept track of")
	}
}

// TestQuantised: Q8_0 is looked at as what it decodes to.
func TestQuantised(t *testing.T) {
	q, err := formats.Cast(tensorOf(t, formats.F32, normal(formats.F32, 64*96, 1), 64, 96), formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := formats.Cast(q, formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := of(t, q, Options{}), of(t, f, Options{})
	if got.Mean != want.Mean || got.Max != want.Max || got.Zeros != want.Zeros || got.Max == 0 {
		t.Errorf("found %+v, want %+v", got, want)
	}
}

// TestNarrow counts every pattern of 16-bit floats once, and sees that the
// loops, which take several at a time, miss none.
func TestNarrow(t *testing.T) {
	for n := range 40 {
		b := make([]byte, 2*n)
		for i := range n {
			b[2*i] = byte(i)
			b[2*i+1] = byte(i * 7)
		}
		var h patterns
		h.add16(b)
		for i := range n {
			if h[i|i*7&0xff<<8] != 1 {
				t.Fatalf("%d elements: element %d was counted %d times", n, i, h[i|i*7&0xff<<8])
			}
		}
	}
	all := make([]byte, 2<<16)
	for i := range 1 << 16 {
		all[2*i], all[2*i+1] = byte(i), byte(i>>8)
	}
	for _, c := range []struct {
		d              formats.DType
		nan, denormals int64
	}{
		{formats.BF16, 2 * 127, 2 * 127},
		{formats.F16, 2 * 1023, 2 * 1023},
	} {
		s := of(t, tensorOf(t, c.d, all, 1<<16), Options{})
		if s.NaN != c.nan || s.Denormals != c.denormals || s.Inf != 2 || s.Zeros != 2 || s.NegativeZeros != 1 {
			t.Errorf("%s: found %+v", c.d, s)
		}
		lossyBF16, lossyF16 := int64(0), int64(0)
		k, _ := kindOf(c.d)
		for p := range 1 << 16 {
			x := k.Value(uint64(p))
			if math.IsNaN(x) || x == 0 || math.IsInf(x, 0) {
				continue
			}
			frac, e := math.Frexp(math.Abs(x)) // of ½ to 1
			m := frac * 0x1p11
			if e <= -14 {
				m = math.Ldexp(math.Abs(x), 24)
			}
			if m != math.Trunc(m) || e > 16 {
				lossyF16++
			}
			if b := frac * 0x1p8; b != math.Trunc(b) {
				lossyBF16++
			}
		}
		if s.LossyBF16 != lossyBF16 || s.LossyF16 != lossyF16 {
			t.Errorf("%s: lossy %d and %d, want %d and %d", c.d, s.LossyBF16, s.LossyF16, lossyBF16, lossyF16)
		}
	}
}
