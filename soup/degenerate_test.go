package soup

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestFinite holds that finite models give no NaN: finite numbers or an error.
func TestFinite(t *testing.T) {
	value := rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 0x1p-1074, -0x1p-1074, 0x1p-540, 0x1p-520, minLength, maxElement, -maxElement, 1e-8, 0.5}),
		rapid.Float64Range(-2, 2), rapid.Float64Range(-maxElement, maxElement),
	)
	number := rapid.OneOf(
		rapid.SampledFrom([]float64{0, 1, -1, 0.5, 0x1p-1074, maxParam, -maxParam, 1e-9}), rapid.Float64Range(-2, 2), rapid.Float64Range(0, 1),
	)
	shapes := [][]int64{{1}, {7}, {3, 1}, {1, 4}, {5, 6}, {}, {2, 3, 2}, {0}, {0, 3}, {3, 0}}
	for _, m := range others {
		t.Run(m.Name, func(t *testing.T) { finiteMethod(t, m, value, number, shapes) })
	}
}

func finiteMethod(t *testing.T, m *Method, value, number *rapid.Generator[float64], shapes [][]int64) {
	refused, done := 0, 0
	rapid.Check(t, func(t *rapid.T) {
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
		{"karcher", nil, [][]float64{a, {1, 2, math.NaN(), 4}}, false, `model 2: tensor "w": found NaN at [2], expected a finite number`},
		{"ties", params{"weight": {1}, "density": {1.5}}, [][]float64{a}, true, `tensor "w": found density 1.5 of model 1, expected a share from 0 to 1`},
		{"ties", params{"weight": {1, math.Inf(1)}}, [][]float64{a, a}, true, `tensor "w": found weight +Inf of model 2, expected a number of at most 1.2676506002282294e+30`},
		{"ties", params{"weight": {1}, "lambda": {math.NaN()}}, [][]float64{a}, true, `tensor "w": found lambda NaN, expected a number of at most 1.2676506002282294e+30`},
		{"ties", params{"weight": {1}, "density": {0.5}}, [][]float64{{1, 2, 3, math.Inf(-1)}}, false, `model 1: tensor "w": found -Inf at [3], expected a finite number`},
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
		for i, v := range got {
			if v == 0 && math.Signbit(v) {
				t.Errorf("%s: %s: element %d is -0", c.method, c.name, i)
			}
		}
	}
}
