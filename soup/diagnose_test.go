package soup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// meanRecipe is the mean of n models, or where there is a base the base and the
// same share of each difference from it.
func meanRecipe(t testing.TB, n int, base *olmo.Model) Recipe {
	t.Helper()
	if base == nil {
		return Uniform(n)
	}
	m, err := Find("task_arithmetic")
	if err != nil {
		t.Fatal(err)
	}
	return Recipe{Method: m, Value: func(param, _ string, _ int) *big.Rat {
		if param == "weight" {
			return big.NewRat(1, int64(n))
		}
		return nil
	}}
}

func diagnosed(t testing.TB, o DiagnoseOptions, r Recipe, base *olmo.Model, ms ...*olmo.Model) *Diagnostics {
	t.Helper()
	res, err := Merge(context.Background(), ms, base, r, Options{Allow: Allow{Missing: true, NonFinite: true}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := res.Diagnose(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	return d
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-9*math.Abs(want)+1e-14 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// By hand: (1, 2), (3, 2) and (2, 5) from base (1, 1).
func TestFiguresByHand(t *testing.T) {
	x := models(t, formats.F32, []int64{1, 2}, [][]float64{{1, 2}, {3, 2}, {2, 5}, {1, 1}})
	nan := math.NaN()
	for _, c := range []struct {
		name     string
		d        *Diagnostics
		mean     []float64
		spread   float64
		from     []float64
		delta    []float64
		cos01    float64
		base     []float64
		rounding Rounding
	}{
		{
			"two", diagnosed(t, DiagnoseOptions{}, Uniform(2), nil, x[0], x[1]),
			[]float64{2, 2},
			1,
			[]float64{2, 2},
			[]float64{1, 1},
			-1, nil,
			Rounding{ResultNorm: math.Sqrt(8), Equal: []float64{0.5, 0.5}},
		},
		{
			"three", diagnosed(t, DiagnoseOptions{}, Uniform(3), nil, x[:3]...),
			[]float64{2, 3},
			math.Sqrt(8. / 3),
			[]float64{1.5 * math.Sqrt(2), 1.5 * math.Sqrt(2), 3},
			[]float64{math.Sqrt(2), math.Sqrt(2), 2},
			0, nil,
			Rounding{ResultNorm: math.Sqrt(13), Equal: []float64{0, 0, 0.5}},
		},
		{
			"two from a base", diagnosed(t, DiagnoseOptions{}, meanRecipe(t, 2, x[3]), x[3], x[0], x[1]),
			[]float64{2, 2},
			1,
			[]float64{2, 2},
			[]float64{1, math.Sqrt(5)},
			1 / math.Sqrt(5),
			[]float64{3 / math.Sqrt(10), 5 / math.Sqrt(26)},
			Rounding{ResultNorm: math.Sqrt(8), Equal: []float64{0.5, 0.5}},
		},
		{
			"one", diagnosed(t, DiagnoseOptions{}, Uniform(1), nil, x[0]),
			[]float64{1, 2},
			0,
			[]float64{nan},
			[]float64{0},
			nan, nil,
			Rounding{ResultNorm: math.Sqrt(5), Equal: []float64{1}},
		},
	} {
		f := c.d.Matrices
		norm := math.Hypot(c.mean[0], c.mean[1])
		near(t, c.name+": mean", f.MeanNorm, norm)
		near(t, c.name+": spread", f.Spread, c.spread)
		near(t, c.name+": dispersion", f.Dispersion, c.spread/norm)
		var length float64
		for i := range f.Norms {
			length += f.Norms[i] / float64(len(f.Norms))
			near(t, c.name+": from others", f.FromOthers[i], c.from[i])
			near(t, c.name+": delta", f.DeltaNorms[i], c.delta[i])
			near(t, c.name+": equal", f.Rounding.Equal[i], c.rounding.Equal[i])
			if c.base != nil {
				near(t, c.name+": base", f.BaseCosines[i], c.base[i])
			}
		}
		near(t, c.name+": shrinkage", f.Shrinkage, norm/length)
		near(t, c.name+": result", f.Rounding.ResultNorm, c.rounding.ResultNorm)
		if f.Rounding.Changed != 0 || f.Rounding.Error != 0 || f.Elements != 2 {
			t.Errorf("%s: %+v", c.name, f.Rounding)
		}
		near(t, c.name+": norm", f.Norms[0], math.Sqrt(5))
		if len(f.Norms) == 1 {
			near(t, c.name+": cosine of no difference", f.DeltaCosines[0][0], nan)
			continue
		}
		near(t, c.name+": cosine of differences", f.DeltaCosines[0][1], c.cos01)
		near(t, c.name+": cosine", f.Cosines[1][0], 7/math.Sqrt(65))
		near(t, c.name+": distance", f.Distances[0][1], 2)
	}
}

// The figures are those of the definition, in tensors of more than a block, of
// mixed types, and in layers and modules.
func TestFigures(t *testing.T) {
	const n = 70_000
	for _, withBase := range []bool{false, true} {
		ms := familyOf(t, formats.F32, n, 4)
		half := familyOf(t, formats.BF16, n, 4)
		x := make([][]float64, 4)
		for i := range x {
			a, b := ms[i].Tensors[0].WithName("layers.7.w.weight"), half[i].Tensors[0].WithName("layers.8.w.weight")
			x[i] = make([]float64, 2*n)
			widen(x[i][:n], formats.F32, all(t, ms[i]), make([]float32, n))
			widen(x[i][n:], formats.BF16, all(t, half[i]), make([]float32, n))
			ms[i] = bare(ms[i].Source.Path, a, b)
		}
		var base *olmo.Model
		var from []float64
		if withBase {
			base, ms, from = ms[3], ms[:3], x[3]
		}
		r := meanRecipe(t, len(ms), base)
		r.DType = formats.BF16
		d := diagnosed(t, DiagnoseOptions{}, r, base, ms...)
		defined(t, d.Matrices, x[:len(ms)], from)
		if len(d.Layers) != 2 || d.Layers[0].Layer != 7 || len(d.Modules) != 1 || d.Modules[0].Module != "w" || len(d.Tensors) != 2 {
			t.Fatalf("%d layers, %d modules", len(d.Layers), len(d.Modules))
		}
		defined(t, d.Modules[0].Figures, x[:len(ms)], from)
		for i := range x {
			x[i] = x[i][n:]
		}
		if from != nil {
			from = from[n:]
		}
		defined(t, d.Layers[1].Figures, x[:len(ms)], from)
		defined(t, d.Tensors[1].Figures, x[:len(ms)], from)
		if len(d.Findings) != 0 {
			t.Error(d.Findings)
		}
	}
}

// defined computes figures of vectors by their definitions.
func defined(t *testing.T, f Figures, x [][]float64, base []float64) {
	t.Helper()
	dot := func(a, b []float64) (s float64) {
		for i := range a {
			s += a[i] * b[i]
		}
		return s
	}
	minus := func(a, b []float64) []float64 {
		d := make([]float64, len(a))
		for i := range a {
			d[i] = a[i] - b[i]
		}
		return d
	}
	mean := func(of [][]float64) []float64 {
		m := make([]float64, len(of[0]))
		for _, v := range of {
			for i := range v {
				m[i] += v[i] / float64(len(of))
			}
		}
		return m
	}
	cosine := func(a, b []float64) float64 { return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)) }
	m := mean(x)
	reference := m
	if base != nil {
		reference = base
	}
	norm, spread2, length := math.Sqrt(dot(m, m)), 0.0, 0.0
	for i, a := range x {
		d := minus(a, m)
		spread2 += dot(d, d) / float64(len(x))
		near(t, "norm", f.Norms[i], math.Sqrt(dot(a, a)))
		length += f.Norms[i] / float64(len(x))
		rest := minus(a, mean(slices.Delete(slices.Clone(x), i, i+1)))
		near(t, "from others", f.FromOthers[i], math.Sqrt(dot(rest, rest)))
		from := minus(a, reference)
		near(t, "delta", f.DeltaNorms[i], math.Sqrt(dot(from, from)))
		if base != nil {
			near(t, "base", f.BaseCosines[i], cosine(a, base))
		}
		for j, b := range x {
			d := minus(a, b)
			near(t, "cosine", f.Cosines[i][j], cosine(a, b))
			near(t, "distance", f.Distances[i][j], math.Sqrt(dot(d, d)))
			near(t, "cosine of deltas", f.DeltaCosines[i][j], cosine(from, minus(b, reference)))
		}
	}
	near(t, "mean", f.MeanNorm, norm)
	near(t, "spread", f.Spread, math.Sqrt(spread2))
	near(t, "dispersion", f.Dispersion, math.Sqrt(spread2)/norm)
	near(t, "shrinkage", f.Shrinkage, norm/length)
}

// What is rounded, and by how much, is that of exact arithmetic.
func TestRoundingFigures(t *testing.T) {
	const n = 1000
	for _, weights := range [][]string{{"1", "1", "1"}, {"0.1", "0.2", "0.7"}, {"1", "-0.3", "0"}, {"0.12345678901234567", "0.98765432109876543", "1/3"}} {
		w := rats(t, weights...)
		total := new(big.Rat).Add(new(big.Rat).Add(w[0], w[1]), w[2])
		for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F32} {
			for _, kind := range []string{"normal", "near", "equal", "edge", "half"} {
				r := newRand(7)
				x := [][]float64{nil, nil, nil}
				for range n {
					for i, v := range column(r, kind, d, 3) {
						x[i] = append(x[i], v)
					}
				}
				ms := models(t, d, []int64{n / 10, 10}, x)
				got := diagnosed(t, DiagnoseOptions{}, Weighted(w, true), nil, ms...).Matrices.Rounding
				res, err := Merge(context.Background(), ms, nil, Weighted(w, true), Options{})
				if err != nil {
					t.Fatal(err)
				}
				rounded := make([]float64, n)
				widen(rounded, d, all(t, res.Model), make([]float32, n))
				var changed, equal int
				var err2, result2 float64
				for j, y := range rounded {
					if y-y != 0 {
						changed++ // beyond the type
						err2 += math.Inf(1)
						result2 += math.Inf(1)
						continue
					}
					exact := new(big.Rat)
					for i := range x {
						exact.Add(exact, new(big.Rat).Mul(w[i], new(big.Rat).SetFloat64(x[i][j])))
					}
					e, _ := exact.Quo(exact, total).Sub(exact, new(big.Rat).SetFloat64(y)).Float64()
					changed += bit(e != 0)
					equal += bit(y == x[0][j])
					err2 += e * e
					result2 += y * y
				}
				name := fmt.Sprintf("%s %s %s", weights, d, kind)
				near(t, name+": changed", got.Changed, float64(changed)/n)
				near(t, name+": equal", got.Equal[0], float64(equal)/n)
				if e := math.Sqrt(err2); math.Abs(got.Error-e) > 1e-6*e+1e-15 {
					t.Errorf("%s: error %v, want %v", name, got.Error, e)
				}
				if want := math.Sqrt(result2); math.Abs(got.ResultNorm-want) > 1e-12*want {
					t.Errorf("%s: result %v, want %v", name, got.ResultNorm, want)
				}
				if kind == "equal" && weights[0] == "1" && weights[2] == "1" && changed != 0 {
					t.Errorf("%s: the test is wrong: %d changed", name, changed)
				}
			}
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Of every method the result is that of its tensors, whatever the threads, and
// nothing is counted as lost before it is read.
func TestDiagnoseMethods(t *testing.T) {
	for _, m := range Methods() {
		r := newRand(3)
		x, base := drawn(m, r, 3, blockLen+68)
		shape := []int64{int64(len(x[0])) / 12, 12}
		ms := models(t, formats.F32, shape, x)
		var b *olmo.Model
		if base != nil {
			b = models(t, formats.F32, shape, [][]float64{base})[0]
		}
		p := usual(m)
		rec := Recipe{Method: m, DType: formats.F16, Value: func(param, _ string, model int) *big.Rat {
			v := p[param]
			if v == nil {
				return nil
			}
			return new(big.Rat).SetFloat64(v[min(max(model, 0), len(v)-1)])
		}}
		var first []byte
		for _, threads := range []int{1, 3} {
			res, err := Merge(context.Background(), ms, b, rec, Options{})
			if err != nil {
				t.Fatal(m.Name, err)
			}
			d, err := res.Diagnose(context.Background(), DiagnoseOptions{Threads: threads})
			if err != nil {
				t.Fatal(m.Name, err)
			}
			got, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			if !bytes.Equal(got, first) {
				t.Errorf("%s: %d threads: %s, one: %s", m.Name, threads, got, first)
			}
			if threads > 1 {
				continue
			}
			if n := res.Lost.Overflow.Load() + res.Lost.Underflow.Load(); n != 0 {
				t.Errorf("%s: %d lost", m.Name, n)
			}
			y := make([]float64, len(x[0]))
			widen(y, formats.F16, all(t, res.Model), make([]float32, len(y)))
			var norm2 float64
			equal := 0
			for j := range y {
				norm2 += y[j] * y[j]
				equal += bit(y[j] == x[0][j])
			}
			round := d.Matrices.Rounding
			near(t, m.Name+": result", round.ResultNorm, math.Sqrt(norm2))
			near(t, m.Name+": equal", round.Equal[0], float64(equal)/float64(len(y)))
			if round.Changed < 0.1 || !(round.OfResult > 1e-5 && round.OfResult < 1e-3) {
				t.Errorf("%s: %+v", m.Name, round)
			}
		}
	}
}

// Another order of the models is another order of the figures.
func TestDiagnoseOrder(t *testing.T) {
	ms := familyOf(t, formats.BF16, 20_000, 4)
	d := diagnosed(t, DiagnoseOptions{}, Uniform(4), nil, ms...).Matrices
	order := []int{2, 0, 3, 1}
	var other []*olmo.Model
	for _, i := range order {
		other = append(other, ms[i])
	}
	e := diagnosed(t, DiagnoseOptions{}, Uniform(4), nil, other...).Matrices
	for a, i := range order {
		near(t, "norm", e.Norms[a], d.Norms[i])
		near(t, "from others", e.FromOthers[a], d.FromOthers[i])
		near(t, "equal", e.Rounding.Equal[a], d.Rounding.Equal[i])
		for b, j := range order {
			near(t, "cosine", e.Cosines[a][b], d.Cosines[i][j])
			near(t, "distance", e.Distances[a][b], d.Distances[i][j])
			near(t, "cosine of deltas", e.DeltaCosines[a][b], d.DeltaCosines[i][j])
		}
	}
	near(t, "spread", e.Spread, d.Spread)
	near(t, "rounding", e.Rounding.Error, d.Rounding.Error)
	near(t, "changed", e.Rounding.Changed, d.Rounding.Changed)
}

// What there is nothing to divide by has no figure, and no word in JSON.
func TestDiagnoseNothing(t *testing.T) {
	zeros := models(t, formats.BF16, []int64{2, 2}, [][]float64{{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 1}})
	d := diagnosed(t, DiagnoseOptions{}, Uniform(3), nil, zeros...)
	if !math.IsNaN(d.Matrices.Cosines[0][2]) || d.Matrices.Cosines[2][2] != 1 || d.Matrices.Distances[0][2] != 1 {
		t.Errorf("%+v", d.Matrices)
	}
	empty := models(t, formats.F32, []int64{0, 3}, [][]float64{{}, {}})
	for _, sample := range []int64{0, 100} {
		d = diagnosed(t, DiagnoseOptions{Sample: sample}, Uniform(2), nil, empty...)
		if d.Matrices.Elements != 0 || len(d.Findings) > 0 {
			t.Errorf("%+v", d)
		}
	}
	vectors := models(t, formats.F32, []int64{3}, [][]float64{{1, 2, 3}, {3, 2, 1}})
	if d = diagnosed(t, DiagnoseOptions{}, Uniform(2), nil, vectors...); d.Matrices.Elements != 3 {
		t.Errorf("%+v", d.Matrices)
	}
	if d = diagnosed(t, DiagnoseOptions{Sample: 100}, Uniform(2), nil, vectors...); d.Matrices.Elements != 0 || len(d.Findings) > 0 {
		t.Errorf("%+v", d)
	}
	// A tensor that one model lacks is left out.
	more := bare("more", append(slices.Clone(vectors[1].Tensors), tensorOf(t, "only here", formats.F32, []int64{1}, []float64{1}))...)
	if d = diagnosed(t, DiagnoseOptions{}, Uniform(2), nil, vectors[0], more); !slices.Equal(d.Partial, []string{"only here"}) || len(d.Tensors) != 1 {
		t.Errorf("%+v", d)
	}
	b, err := json.Marshal(Matrix{{math.NaN(), 1}, {math.Inf(1), 0.5}})
	if string(b) != "[[null,1],[null,0.5]]" || err != nil {
		t.Errorf("%s %v", b, err)
	}
}

// A NaN is an error by its place, and passes where it is let through.
func TestDiagnoseNonFinite(t *testing.T) {
	x := models(t, formats.F32, []int64{2, 2}, [][]float64{{1, 2, 3, 4}, {4, 3, 2, math.NaN()}})
	res, err := Merge(context.Background(), x, nil, Uniform(2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := res.Diagnose(context.Background(), DiagnoseOptions{}); err == nil || err.Error() != `of-x: tensor "x": found NaN at [1, 1], expected a finite number` {
		t.Error(err)
	}
	if f := diagnosed(t, DiagnoseOptions{}, Uniform(2), nil, x...).Matrices; !math.IsNaN(f.Spread) || f.Norms[0] != math.Sqrt(30) {
		t.Errorf("%+v", f)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := res.Diagnose(canceled, DiagnoseOptions{}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Error(err)
	}
	// What a method does not compute with has no figures either.
	large := models(t, formats.F64, []int64{2}, [][]float64{{1, 2}, {3, 2 * maxElement}, {0, 0}})
	karcher, err := Find("karcher")
	if err != nil {
		t.Fatal(err)
	}
	if res, err = Merge(context.Background(), large[:2], nil, Recipe{Method: karcher}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := res.Diagnose(context.Background(), DiagnoseOptions{}); err == nil || !strings.Contains(err.Error(), "at [1], expected a number of at most") {
		t.Error(err)
	}
	if f := diagnosed(t, DiagnoseOptions{}, Uniform(2), nil, large[:2]...).Matrices; f.Norms[0] != math.Sqrt(5) {
		t.Errorf("%+v", f)
	}
	many := models(t, formats.F32, []int64{1}, [][]float64{{1}})
	for len(many) <= MaxDiagnosed {
		many = append(many, many[0])
	}
	if res, err = Merge(context.Background(), many, nil, Uniform(len(many)), Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := res.Diagnose(context.Background(), DiagnoseOptions{}); err == nil || err.Error() != "found 65 models, expected at most 64 to diagnose" {
		t.Error(err)
	}
}

func TestPlace(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.12.self_attn.q_proj.weight": "12 self_attn.q_proj",
		"model.embed_tokens.weight":               "-1 embed_tokens",
		"lm_head.weight":                          "-1 lm_head",
		"blocks.0.w":                              "0 w",
		"blk.-1.+2.w":                             "-1 blk.-1.+2.w",
		"7":                                       "-1 7",
		"":                                        "-1 ",
		"a.99999999999999999999.b":                "-1 a.99999999999999999999.b",
	} {
		if layer, module := place(name); fmt.Sprintf("%d %s", layer, module) != want {
			t.Errorf("%q: %d %s, want %s", name, layer, module, want)
		}
	}
}
