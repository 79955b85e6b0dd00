package soup

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// usual are parameters with which a method does all that it can.
func usual(m *Method) params {
	p := params{}
	for _, q := range m.Params {
		switch q.Name {
		case "weight":
			p["weight"] = []float64{0.6, -0.25, 0.5, 1}
		case "density":
			p["density"] = []float64{0.5, 0.7, 1, 0.3}
		case "t", "gamma":
			p[q.Name] = []float64{0.2}
		case "select_topk":
			p[q.Name] = []float64{0.5}
		case "rescale":
			p[q.Name] = []float64{1}
		}
	}
	return p
}

// drawn makes n models of float32 values, and a base if the method knows one.
func drawn(m *Method, r *rand.Rand, n, size int) (x [][]float64, base []float64) {
	draw := func() []float64 {
		v := make([]float64, size)
		for i := range v {
			v[i] = float64(float32(r.NormFloat64()))
		}
		return v
	}
	n = max(n, m.Min)
	if m.Max > 0 {
		n = min(n, m.Max)
	}
	for range n {
		x = append(x, draw())
	}
	if m.Base != NoBase {
		base = draw()
	}
	return x, base
}

// variants calls f for each method, with each combination of its switches, and
// with and without a base that it may have.
func variants(t *testing.T, f func(t *testing.T, m *Method, p params, withBase bool)) {
	for _, m := range others {
		var switches []string
		for _, q := range m.Params {
			if q.Bool {
				switches = append(switches, q.Name)
			}
		}
		for on := range 1 << len(switches) {
			p := usual(m)
			for i, s := range switches {
				p[s] = []float64{float64(on >> i & 1)}
			}
			if m.Base != NoBase {
				t.Run(m.Name, func(t *testing.T) { f(t, m, p, true) })
			}
			if m.Base != NeedsBase {
				t.Run(m.Name, func(t *testing.T) { f(t, m, p, false) })
			}
		}
	}
}

// TestRanges holds that ranges computed at once, in any cut, are those of the whole.
func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	variants(t, func(t *testing.T, m *Method, p params, withBase bool) {
		const rows, row = 37, 53
		x, base := drawn(m, r, 3, rows*row)
		if !withBase {
			base = nil
		}
		tensor := tensorFor(t, m, []int64{rows, row}, x, base, p)
		f, err := m.Prepare(context.Background(), tensor)
		if err != nil {
			t.Fatal(err)
		}
		whole, parts := make([]float64, rows*row), make([]float64, rows*row)
		compute(f, whole, tensor, 0)
		unit := 1
		if m.ByRow {
			unit = row
		}
		var wg sync.WaitGroup
		for at := 0; at < len(parts); {
			lo, hi := at, min(at+unit*(1+r.IntN(400/unit)), len(parts))
			wg.Go(func() { compute(f, parts[lo:hi], tensor, int64(lo)) })
			at = hi
		}
		wg.Wait()
		for i, w := range whole {
			if math.Float64bits(parts[i]) != math.Float64bits(w) {
				t.Fatalf("element %d is %g in a part, %g in the whole", i, parts[i], w)
			}
		}
	})
}

// TestSame holds that models equal to each other, and to the base, are the
// result, bit for bit in float32 and with the sign of zeros.
func TestSame(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	variants(t, func(t *testing.T, m *Method, p params, withBase bool) {
		x, base := drawn(m, r, 4, 96)
		for i := range 10 {
			x[0][i] = math.Copysign(0, float64(i%2)-0.5)
		}
		if base = nil; withBase {
			base = slices.Clone(x[0])
		}
		if !withBase && m.Name != "karcher" {
			p["weight"] = []float64{0.6, 0.25, 0.5, 1} // others make nothing of zeros of one sign
			if m.Name == "multislerp" {
				p["normalize_weights"] = []float64{1} // or the result is a multiple
			}
		}
		for i := range x {
			x[i] = x[0]
		}
		got, err := merged(m, tensorFor(t, m, []int64{8, 12}, x, base, p))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range x[0] {
			if math.Float32bits(float32(got[i])) != math.Float32bits(float32(w)) {
				t.Fatalf("%v: element %d is %v, want %v", p, i, got[i], w)
			}
		}
	})
}

// TestEnds holds that at their ends methods return one of the models, bit for bit.
func TestEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		method string
		p      params
		second bool
	}{
		{"slerp", params{"t": {0}}, false},
		{"slerp", params{"t": {1}}, true},
		{"nearswap", params{"t": {0}}, false},
		{"nearswap", params{"t": {100}}, true},
		{"nuslerp", params{"weight": {1, 0}}, false},
		{"nuslerp", params{"weight": {0, 1}}, true},
		{"nuslerp", params{"weight": {0, 1}, "nuslerp_flatten": {0}}, true},
		{"nuslerp", params{"weight": {1, 0}, "nuslerp_flatten": {0}, "nuslerp_row_wise": {1}}, false},
		{"task_arithmetic", params{"weight": {0}}, false},
		{"task_arithmetic", params{"weight": {1}, "lambda": {0}}, false},
		{"ties", params{"weight": {1}, "density": {0}}, false},
		{"dare_linear", params{"weight": {1}, "density": {0}}, false},
		{"della", params{"weight": {1}, "density": {0}}, false},
		{"sce", params{"select_topk": {0}}, false},
		{"ram", params{"epsilon": {100}}, false},
	} {
		m := other(t, c.method)
		x, base := drawn(m, r, 1, 60)
		first, second := x[0], x[len(x)-1]
		if m.Base == NeedsBase {
			first = base
		} else {
			base = nil
		}
		first[3], second[4] = math.Copysign(0, -1), math.Copysign(0, -1)
		want := first
		if c.second {
			want = second
		}
		got, err := merged(m, tensorFor(t, m, []int64{6, 10}, x, base, c.p))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if math.Float64bits(got[i]) != math.Float64bits(w) {
				t.Fatalf("%s %v: element %d is %g, want %g", c.method, c.p, i, got[i], w)
			}
		}
	}
}

// TestScale holds that a merge of models doubled is the merge doubled: exactly,
// but where a parameter is a length.
func TestScale(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	lengths := []string{"t", "epsilon", "eps", "tol"}
	variants(t, func(t *testing.T, m *Method, p params, withBase bool) {
		if m.Name == "arcee_fusion" {
			return // of softmax
		}
		x, base := drawn(m, r, 3, 96)
		if !withBase {
			base = nil
		}
		double := params{}
		for _, q := range m.Params {
			if v, ok := p[q.Name]; ok {
				double[q.Name] = v
			} else {
				double[q.Name] = []float64{q.Default}
			}
			if slices.Contains(lengths, q.Name) && m.Name != "slerp" && m.Name != "karcher" && m.sparse() {
				double[q.Name] = []float64{2 * double[q.Name][0]}
			}
		}
		got, err := merged(m, tensorFor(t, m, []int64{8, 12}, x, base, p))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(x, base) {
			for i := range v {
				v[i] *= 2
			}
		}
		twice, err := merged(m, tensorFor(t, m, []int64{8, 12}, x, base, double))
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			if twice[i] != 2*g {
				t.Fatalf("%v: element %d is %g, of models doubled %g", p, i, g, twice[i])
			}
		}
	})
}

// sparse says that epsilon, if the method has it, is a length and not a probability.
func (m *Method) sparse() bool { return m.Name != "della" && m.Name != "della_linear" }

// TestFinite holds that finite models give no NaN: finite numbers or an error.
func TestFinite(t *testing.T) {
	value := rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 0x1p-1074, -0x1p-1074, 0x1p-540, maxElement, -maxElement, 1e-8, 0.5}),
		rapid.Float64Range(-2, 2), rapid.Float64Range(-maxElement, maxElement),
	)
	number := rapid.OneOf(
		rapid.SampledFrom([]float64{0, 1, -1, 0.5, 0x1p-1074, maxParam, -maxParam, 1e-9}), rapid.Float64Range(-2, 2), rapid.Float64Range(0, 1),
	)
	shapes := [][]int64{{1}, {7}, {3, 1}, {1, 4}, {5, 6}, {}, {2, 3, 2}, {0}, {0, 3}, {3, 0}}
	refused, done := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(others).Draw(t, "method")
		shape := rapid.SampledFrom(shapes).Draw(t, "shape")
		n := 1
		for _, d := range shape {
			n *= int(d)
		}
		count := rapid.IntRange(m.Min, max(m.Max, m.Min+3)).Draw(t, "models")
		if m.Max > 0 {
			count = m.Max
		}
		few := rapid.SliceOfN(value, 1, 3).Draw(t, "values")
		element := rapid.OneOf(rapid.SampledFrom(few), value)
		var x [][]float64
		for range count {
			x = append(x, rapid.SliceOfN(element, n, n).Draw(t, "x"))
		}
		var base []float64
		if m.Base == NeedsBase || m.Base == OptionalBase && rapid.Bool().Draw(t, "with a base") {
			base = rapid.SliceOfN(element, n, n).Draw(t, "base")
		}
		p := params{}
		for _, q := range m.Params {
			if q.Required || rapid.Bool().Draw(t, "given") {
				p[q.Name] = rapid.SliceOfN(number, 1, 4).Draw(t, q.Name)
				if q.Bool {
					p[q.Name] = []float64{float64(rapid.IntRange(0, 1).Draw(t, q.Name))}
				}
			}
		}
		got, err := merged(m, tensorFor(t, m, shape, x, base, p))
		if err != nil {
			refused++
			return
		}
		done++
		for i, v := range got {
			if v != v {
				t.Fatalf("%s %v of %v and %v: element %d is NaN", m.Name, p, x, base, i)
			}
		}
	})
	if done < refused/4 {
		t.Errorf("%d merges, %d refused", done, refused)
	}
}

// TestRefused holds that what has no result is an error that says why.
func TestRefused(t *testing.T) {
	a := []float64{1, 2, 3, 4}
	opposite := []float64{-1, -2, -3, -4}
	for _, c := range []struct {
		method string
		p      params
		x      [][]float64
		usage  bool
		want   string
	}{
		{"multislerp", params{"weight": {1, -1, 0}}, [][]float64{a, a, a}, true, `tensor "w": found weights whose sum is zero, expected another sum: they are divided by it`},
		{"multislerp", params{"weight": {1, -1, 1e-40}}, [][]float64{a, a, a}, true, `tensor "w": found weights whose sum is 1e-40, expected one that they can be divided by`},
		{"multislerp", params{"weight": {1, 0.5, 0.5}}, [][]float64{a, opposite, opposite}, false, `tensor "w": found models the weighted directions of which add up to nothing, expected a direction`},
		{"multislerp", params{"weight": {1}, "eps": {-1}}, [][]float64{a}, true, `tensor "w": found eps -1, expected none below 0`},
		{"karcher", params{"max_iter": {1.5}}, [][]float64{a}, true, `tensor "w": found max_iter 1.5, expected a whole number from 0 to 65536`},
		{"karcher", params{"tol": {-1}}, [][]float64{a}, true, `tensor "w": found tol -1, expected none below 0`},
		{"karcher", nil, [][]float64{a, {1, 2, math.NaN(), 4}}, false, `tensor "w": element 2: found NaN, expected a number of at most 3.273390607896142e+150`},
		{"ties", params{"weight": {1}, "density": {1.5}}, [][]float64{a}, true, `tensor "w": found density 1.5 of model 1, expected a share from 0 to 1`},
		{"ties", params{"weight": {1, math.Inf(1)}}, [][]float64{a, a}, true, `tensor "w": found weight +Inf of model 2, expected a number of at most 1.2676506002282294e+30`},
		{"ties", params{"weight": {1}, "lambda": {math.NaN()}}, [][]float64{a}, true, `tensor "w": found lambda NaN, expected a number of at most 1.2676506002282294e+30`},
		{"ties", params{"weight": {1}, "density": {0.5}}, [][]float64{{1, 2, 3, math.Inf(-1)}}, false, `tensor "w": element 3: found -Inf, expected a number of at most 3.273390607896142e+150`},
		{"breadcrumbs", params{"weight": {1}, "density": {0.5}, "gamma": {-0.1}}, [][]float64{a}, true, `tensor "w": found gamma -0.1 of model 1, expected a share from 0 to 1`},
		{"della", params{"weight": {1}, "density": {0.9}}, [][]float64{a}, true, `tensor "w": found density 0.9 with epsilon 0.15 of model 1, expected density - epsilon and density + epsilon between 0 and 1`},
		{"sce", params{"select_topk": {2}}, [][]float64{a}, true, `tensor "w": found select_topk 2, expected a share from 0 to 1`},
		{"nearswap", params{"t": {-1}}, [][]float64{a}, true, `tensor "w": found t -1, expected none below 0`},
		{"ram", params{"epsilon": {-1}}, [][]float64{a}, true, `tensor "w": found epsilon -1, expected none below 0`},
		{"ramplus_tl", params{"alpha": {-1}}, [][]float64{a}, true, `tensor "w": found alpha -1, expected none below 0`},
	} {
		m := other(t, c.method)
		var base []float64
		if m.Base == NeedsBase {
			base = make([]float64, len(a))
		}
		_, err := merged(m, tensorFor(t, m, []int64{4}, c.x, base, c.p))
		var usage *UsageError
		if err == nil || err.Error() != c.want || errors.As(err, &usage) != c.usage {
			t.Errorf("%s %v: %v, want %s", c.method, c.p, err, c.want)
		}
	}
}

// TestSpecial fixes what comes of inputs for which a formula has no value.
func TestSpecial(t *testing.T) {
	a, minus, zero := []float64{3, 4, 0, 12}, []float64{-3, -4, 0, -12}, []float64{0, 0, 0, 0}
	half := []float64{1.5, 2, 0, 6}
	for _, c := range []struct {
		name, method string
		p            params
		x            [][]float64
		base         []float64
		shape        []int64
		want         []float64
	}{
		{"zeros have no angle", "slerp", params{"t": {0.5}}, [][]float64{zero}, zero, nil, zero},
		{"opposite vectors: a straight line", "slerp", params{"t": {0.5}}, [][]float64{minus}, a, nil, zero},
		{"weights that add up to nothing are equal", "nuslerp", params{"weight": {1, -1}}, [][]float64{a, a}, nil, nil, a},
		{"opposite vectors: a straight line", "nuslerp", params{"weight": {1, 3}}, [][]float64{minus, a}, nil, nil, half},
		{"zeros have no direction", "karcher", nil, [][]float64{zero, zero}, nil, nil, zero},
		{"but a length", "karcher", nil, [][]float64{a, zero}, nil, nil, half},
		{"opposite directions: the first, and the mean length", "karcher", nil, [][]float64{a, minus}, nil, nil, a},
		{"one model is itself", "multislerp", params{"weight": {0.3}}, [][]float64{a}, half, nil, a},
		{"no differences", "multislerp", params{"weight": {1, 2, 3}}, [][]float64{a, a, a}, a, nil, a},
		{"two opposite ones are added up", "multislerp", params{"weight": {1, 1}}, [][]float64{a, minus}, nil, nil, zero},
		{"opposite differences: the base", "model_stock", nil, [][]float64{a, minus}, zero, nil, zero},
		{"no differences", "model_stock", nil, [][]float64{a, a}, a, nil, a},
		{"a row of one", "model_stock", params{"filter_wise": {1}}, [][]float64{a, a}, zero, []int64{4, 1}, a},
		{"density asks for less than one", "ties", params{"weight": {1}, "density": {0.01}}, [][]float64{a}, zero, nil, []float64{0, 0, 0, 12}},
		{"of equal elements those of lower index", "ties", params{"weight": {1}, "density": {0.5}}, [][]float64{{2, -2, 2, 2}}, zero, nil, []float64{2, -2, 0, 0}},
		{"and left out as outliers, too", "breadcrumbs", params{"weight": {1}, "density": {0.5}, "gamma": {0.25}}, [][]float64{{2, -2, 2, 2}}, zero, nil, []float64{0, -2, 2, 0}},
		{"less than one outlier is none", "breadcrumbs", params{"weight": {1}, "density": {0.75}}, [][]float64{a}, zero, nil, a},
		{"no difference to enlarge", "dare_linear", params{"weight": {1}, "density": {0.5}}, [][]float64{a}, a, nil, a},
		{"weights that add up to nothing divide nothing", "task_arithmetic", params{"weight": {1, -1}, "normalize": {1}}, [][]float64{a, zero}, zero, nil, a},
		{"a sum of zero is positive", "ties", params{"weight": {1}}, [][]float64{a, minus}, zero, nil, a},
		{"one model has no variance", "sce", params{"select_topk": {0.9}}, [][]float64{a}, half, nil, half},
		{"nothing changed alone", "ramplus_tl", nil, [][]float64{a, a}, zero, nil, a},
		{"no divergence: all of the model", "arcee_fusion", nil, [][]float64{{1, 1, 1, 1}}, zero, nil, []float64{1, 1, 1, 1}},
	} {
		shape := c.shape
		if shape == nil {
			shape = []int64{4}
		}
		m := other(t, c.method)
		got, err := merged(m, tensorFor(t, m, shape, c.x, c.base, c.p))
		if err != nil {
			t.Errorf("%s: %s: %v", c.method, c.name, err)
			continue
		}
		if d := distance(got, c.want); !(d < 1e-15) {
			t.Errorf("%s: %s: %v, want %v", c.method, c.name, got, c.want)
		}
	}
}
