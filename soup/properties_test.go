package soup

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
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
		if m.ByRow != nil && m.ByRow(tensor) {
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
		x, _ := drawn(m, r, 4, 96)
		for i := range 10 {
			x[0][i] = math.Copysign(0, float64(i%2)-0.5)
		}
		var base []float64
		if withBase {
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
