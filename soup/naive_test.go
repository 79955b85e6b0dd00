package soup

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The methods once more, each by its definition, on whole tensors.

// ranking returns the indices of v, larger magnitudes first, and of equal ones
// the lower index.
func ranking(v []float64) []int {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(v[b]), math.Abs(v[a])) })
	return order
}

func only(v []float64, kept []int) []float64 {
	out := make([]float64, len(v))
	for _, i := range kept {
		out[i] = v[i]
	}
	return out
}

func naiveDelta(x, base []float64) []float64 {
	d := slices.Clone(x)
	for i, b := range base {
		d[i] -= b
	}
	return d
}

// naiveTask is the family of task_arithmetic; keep sparsifies.
func naiveTask(x [][]float64, base []float64, consensus bool, p params, keep func(model int, d []float64) []float64) []float64 {
	terms := make([][]float64, len(x))
	for i := range x {
		d := naiveDelta(x[i], base)
		k := keep(i, d)
		if a, b := magnitudeSum(d), magnitudeSum(k); p["rescale"][0] != 0 && a > 0 && b > 0 {
			for j := range k {
				k[j] *= a / b
			}
		}
		terms[i] = k
	}
	y := slices.Clone(base)
	for j := range y {
		var sum, all, weight float64
		for i := range terms {
			sum += p["weight"][i] * terms[i][j]
		}
		for i := range terms {
			v := p["weight"][i] * terms[i][j]
			if consensus && (v == 0 || (v > 0) != (sum >= 0)) {
				continue
			}
			all += v
			weight += p["weight"][i]
		}
		if p["normalize"][0] != 0 && weight != 0 {
			all /= weight
		}
		y[j] += all * p["lambda"][0]
	}
	return y
}

func magnitudeSum(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += math.Abs(x)
	}
	return s
}

func naiveSCE(x [][]float64, base []float64, share float64) []float64 {
	d := make([][]float64, len(x))
	for i := range x {
		d[i] = naiveDelta(x[i], base)
	}
	v, nonzero := make([]float64, len(base)), 0
	for j := range v {
		var mean float64
		for i := range d {
			mean += d[i][j] / float64(len(d))
		}
		for i := range d {
			v[j] += (d[i][j] - mean) * (d[i][j] - mean) / float64(len(d))
		}
		if v[j] < 1e-30 { // the rounding of a mean of equal numbers
			v[j] = 0
		} else {
			nonzero++
		}
	}
	if share < 1 {
		kept := ranking(v)[:int(share*float64(nonzero))]
		for i := range d {
			d[i] = only(d[i], kept)
		}
	}
	var g []float64
	var total float64
	for i := range d {
		var s float64
		for _, v := range d[i] {
			s += v * v
		}
		g = append(g, s/float64(len(base)))
		total += g[i]
	}
	y := slices.Clone(base)
	for j := range y {
		var sign, sum, weight float64
		for i := range d {
			sign += d[i][j]
		}
		for i := range d {
			w := g[i] / total
			if total < 1e-6 {
				w = 1 / float64(len(d))
			}
			if v := d[i][j]; v != 0 && (v > 0) == (sign >= 0) {
				sum += w * v
				weight += w
			}
		}
		y[j] += sum / max(weight, 1e-6)
	}
	return y
}

func naiveImportance(shape []int64, x, base []float64) (importance []float64, threshold float64) {
	row := int(shape[len(shape)-1])
	softmax := func(v []float64) []float64 {
		var sum float64
		out := make([]float64, len(v))
		for i := range v {
			out[i] = math.Exp(v[i])
			sum += out[i]
		}
		for i := range out {
			out[i] = out[i]/sum + 1e-8
		}
		return out
	}
	for lo := 0; lo < len(x); lo += row {
		p, q := softmax(x[lo:lo+row]), softmax(base[lo:lo+row])
		var kl float64
		for i := range p {
			kl += p[i] * math.Log(p[i]/q[i])
		}
		for i := range p {
			importance = append(importance, math.Abs(x[lo+i]-base[lo+i])*kl)
		}
	}
	s := slices.Sorted(slices.Values(importance))
	q := func(q float64) float64 { return s[int(q*float64(len(s)-1))] }
	return importance, q(0.5) + 1.5*(q(0.75)-q(0.25))
}

// naiveBlend is base + Σ k(g)[i]·(x[i]-base), with inner products g.
func naiveBlend(x [][]float64, base []float64, k func(g [][]float64) []float64) []float64 {
	g := make([][]float64, len(x))
	for i := range g {
		for j := range g {
			var s float64
			for l, b := range base {
				s += (x[i][l] - b) * (x[j][l] - b)
			}
			g[i] = append(g[i], s)
		}
	}
	y, c := slices.Clone(base), k(g)
	for l, b := range base {
		for i := range x {
			y[l] += c[i] * (x[i][l] - b)
		}
	}
	return y
}

// TestNaive compares on tensors of several blocks with many equal elements.
func TestNaive(t *testing.T) {
	const rows, row = 450, 300
	r := rand.New(rand.NewPCG(1, 2))
	coarse := func() []float64 { // of which there are few
		v := make([]float64, rows*row)
		for i := range v {
			v[i] = math.Round(r.NormFloat64()*32) / 32
		}
		return v
	}
	base, x := coarse(), [][]float64{coarse(), coarse(), coarse()}
	shape := []int64{rows, row}
	task := params{"weight": {0.5, 0.3, 0.4}, "density": {0.5, 1, 0.07}, "normalize": {1}, "rescale": {1}, "lambda": {0.7}}
	check := func(name string, p params, want []float64) {
		t.Helper()
		got, err := merged(other(t, name), tensorFor(t, other(t, name), shape, x, base, p))
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(got, want); !(d < 1e-12) {
			t.Errorf("%s %v differs by %.3g", name, p, d)
		}
	}
	with := func(p params, more params) params {
		out := params{}
		for _, m := range []params{p, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	n := float64(len(base))

	check("ties", task, naiveTask(x, base, true, task, func(i int, d []float64) []float64 {
		return only(d, ranking(d)[:int(task["density"][i]*n)])
	}))
	crumbs := with(task, params{"gamma": {0.02, 0.3, 0.0001}})
	for name, consensus := range map[string]bool{"breadcrumbs": false, "breadcrumbs_ties": true} {
		check(name, crumbs, naiveTask(x, base, consensus, crumbs, func(i int, d []float64) []float64 {
			if p := task["density"][i]; p < 1 {
				kept, top := int(p*n), int(crumbs["gamma"][i]*n)
				return only(d, ranking(d)[top:top+kept])
			}
			return d
		}))
	}
	random := func(model int, i int64) float64 {
		var u [1]float64
		uniform(0)(u[:], model, i) // a tensor here has no seed
		return u[0]
	}
	for name, consensus := range map[string]bool{"dare_linear": false, "dare_ties": true} {
		check(name, task, naiveTask(x, base, consensus, task, func(i int, d []float64) []float64 {
			d = slices.Clone(d)
			for j := range d {
				if random(i, int64(j)) >= task["density"][i] {
					d[j] = 0
				}
			}
			return d
		}))
	}
	epsilon := with(task, params{"epsilon": {0.4, 0.9, 0.06}})
	for name, consensus := range map[string]bool{"della_linear": false, "della": true} {
		check(name, epsilon, naiveTask(x, base, consensus, epsilon, func(i int, d []float64) []float64 {
			p, e := task["density"][i], epsilon["epsilon"][i]
			if p == 1 {
				return d
			}
			d = slices.Clone(d)
			for lo := 0; lo < len(d); lo += row {
				for rank, j := range ranking(d[lo : lo+row]) {
					if random(i, int64(lo+j)) >= p+e-2*e*float64(rank)/(row-1) {
						d[lo+j] = 0
					}
				}
			}
			return d
		}))
	}
	check("model_stock", nil, naiveBlend(x, base, func(g [][]float64) []float64 {
		c := (g[0][1]/math.Sqrt(g[0][0]*g[1][1]) + g[0][2]/math.Sqrt(g[0][0]*g[2][2]) + g[1][2]/math.Sqrt(g[1][1]*g[2][2])) / 3
		k := c / (1 + 2*c)
		return []float64{k, k, k}
	}))
	check("multislerp", params{"weight": {2, 3, 5}, "eps": {0}}, naiveBlend(x, base, func(g [][]float64) []float64 {
		var m, length float64
		k := []float64{0.2 / math.Sqrt(g[0][0]), 0.3 / math.Sqrt(g[1][1]), 0.5 / math.Sqrt(g[2][2])}
		for i := range k {
			length += []float64{0.2, 0.3, 0.5}[i] * math.Sqrt(g[i][i])
			for j := range k {
				m += k[i] * k[j] * g[i][j]
			}
		}
		for i := range k {
			k[i] *= length / math.Sqrt(m)
		}
		return k
	}))

	x = x[:2] // of two the variance is exact, and equal where it should be
	for _, share := range []float64{1, 0.3, 1e-9} {
		check("sce", params{"select_topk": {share}}, naiveSCE(x, base, share))
	}
	x = x[:1]
	importance, threshold := naiveImportance(shape, x[0], base)
	fused := slices.Clone(base)
	for i, v := range importance {
		if math.Abs(v-threshold) < 1e-12 {
			t.Fatalf("element %d is too near to the threshold to be sure of", i)
		}
		if v >= threshold {
			fused[i] = x[0][i]
		}
	}
	check("arcee_fusion", nil, fused)
}
