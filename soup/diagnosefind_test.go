package soup

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// relatives are models of two matrices of n elements and a vector: checkpoints of
// one model, each with noise of its own size.
func relatives(t testing.TB, n int, noise ...float64) []*olmo.Model {
	t.Helper()
	r := newRand(11)
	names := []string{"model.layers.0.a.weight", "model.layers.1.a.weight", "norm"}
	var out []*olmo.Model
	for i := range noise {
		out = append(out, bare(fmt.Sprintf("m%d", i)))
	}
	for k, name := range names {
		shape := []int64{int64(n) / 10, 10}
		if k == 2 {
			shape = []int64{8}
		}
		values := make([]float64, shape[0]*max(shape[len(shape)-1], 1)/int64(bit(k == 2)*7+1))
		for j := range values {
			values[j] = r.NormFloat64()
		}
		for i, m := range out {
			v := make([]float64, len(values))
			for j := range v {
				v[j] = held(formats.F32, values[j]+noise[i]*r.NormFloat64())
			}
			m.Tensors = append(m.Tensors, tensorOf(t, name, formats.F32, shape, v))
			m.Source.Tensors = m.Tensors
		}
	}
	return out
}

// with is a model with another tensor in place of number k.
func with(m *olmo.Model, path string, k int, x formats.Tensor) *olmo.Model {
	ts := append([]formats.Tensor{}, m.Tensors...)
	ts[k] = x.WithName(ts[k].Name)
	return bare(path, ts...)
}

func codes(d *Diagnostics) string {
	var got []string
	for _, f := range d.Findings {
		got = append(got, f.Code+" "+f.Where)
	}
	return strings.Join(got, ", ")
}

// What is there twice is told, what has nothing to do with the others, and what
// is far from them; of the whole models and of single tensors.
func TestFindings(t *testing.T) {
	const n = 4000
	ms := relatives(t, n, 0.1, 0.1, 0.1, 0.1, 0.1)
	strange := relatives(t, n+10, 0.1, 0.1)
	for i := range strange { // of other weights, in the same shapes
		for k := range 2 {
			x, err := formats.Rows(strange[i].Tensors[k], 1, n/10+1)
			if err != nil {
				t.Fatal(err)
			}
			strange[i].Tensors[k] = x
		}
		strange[i] = bare(fmt.Sprintf("s%d", i), strange[i].Tensors...)
	}
	again := bare("again", ms[1].Tensors...)
	wide := bare("wide", again.Tensors...)
	for k := range wide.Tensors {
		x, err := formats.Cast(wide.Tensors[k], formats.F64, nil)
		if err == nil {
			wide = with(wide, "wide", k, x)
		}
	}
	far := relatives(t, n, 0.1, 0.1, 0.1, 0.1, 0.9)
	narrow := relatives(t, n, 0.1, 0.1, 0.1, 0.1, 0.25)
	spoilt := with(ms[2], "spoilt", 1, strange[0].Tensors[1])
	near := relatives(t, n, 0.01, 0.01, 0.01, 0.01, 0.3)
	moved := with(near[2], "moved", 0, near[4].Tensors[0])
	zeros := with(ms[1], "zeros", 0, tensorOf(t, "x", formats.F32, []int64{n / 10, 10}, make([]float64, n)))
	for _, c := range []struct {
		name string
		base *olmo.Model
		ms   []*olmo.Model
		want string // codes and where
	}{
		{"a family", nil, ms, ""},
		{"a family from a base", ms[0], ms[1:], ""},
		{"two", nil, ms[:2], ""},
		{"one", nil, ms[:1], ""},
		{"one and its base", ms[0], ms[1:2], ""},
		{"twins", nil, []*olmo.Model{ms[0], ms[1], again}, "identical again"},
		{"twins first", nil, []*olmo.Model{ms[1], again, ms[2], ms[3]}, "identical again"},
		{"triplets", ms[0], []*olmo.Model{ms[1], again, again}, "identical again, identical again"},
		{"twins in another type", nil, []*olmo.Model{ms[0], ms[1], wide}, "identical wide"},
		{"only twins in all but a vector", nil, []*olmo.Model{ms[0], ms[1], with(ms[1], "v", 2, ms[0].Tensors[2])}, "outlier m0"},
		{"a stranger", nil, []*olmo.Model{ms[0], strange[0], ms[2]}, "unrelated s0"},
		{"a stranger first", nil, []*olmo.Model{strange[0], ms[1], ms[2]}, "unrelated s0"},
		{"two strangers", nil, []*olmo.Model{ms[0], strange[0]}, "unrelated s0"},
		{"two families", nil, []*olmo.Model{ms[0], strange[0], ms[1], strange[1]}, "unrelated s0, unrelated s1"},
		{"from another base", strange[1], []*olmo.Model{ms[0], strange[0]}, "unrelated m0"},
		{"all from another base", strange[1], ms[:1], "unrelated m0"},
		{"an outlier", nil, far, "outlier m4"},
		{"an outlier of three", nil, far[2:], "outlier m4"},
		{"two outliers of five", nil, []*olmo.Model{far[4], far[0], far[1], bare("far", far[4].Tensors...), far[2]}, "identical far, outlier m4"},
		{"an outlier of two", nil, far[3:], ""},
		{"further, of three", nil, relatives(t, n, 0.1, 0.1, 0.6), ""},
		{"the same, of four", nil, relatives(t, n, 0.1, 0.1, 0.1, 0.6), "outlier m3"},
		{"further, but not far", nil, narrow, ""},
		{"one tensor of a stranger", nil, []*olmo.Model{ms[0], ms[1], spoilt, ms[3]}, "outlier spoilt, unrelated-tensors spoilt"},
		{"one tensor that is far", nil, []*olmo.Model{near[0], near[1], moved, near[3]}, "outlier moved"},
		{"a tensor of zeros", nil, []*olmo.Model{ms[0], ms[2], zeros, ms[3]}, "outlier zeros"},
	} {
		if got := codes(diagnosed(t, DiagnoseOptions{}, meanRecipe(t, len(c.ms), c.base), c.base, c.ms...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	d := diagnosed(t, DiagnoseOptions{}, Uniform(4), nil, near[0], near[1], moved, near[3])
	want := `times as far from the others as these are from each other, expected less than 3 times; it is most of all in "model.layers.0.a.weight": `
	if s := d.Findings[0].Message; !strings.Contains(s, want) {
		t.Error(s)
	}
	// From a sample that is said, and nothing of the result.
	d = diagnosed(t, DiagnoseOptions{Sample: 300}, Uniform(3), nil, ms[1], again, strange[0])
	if codes(d) != "unrelated s0, identical again" && codes(d) != "identical again, unrelated s0" || d.Sampled != 600 || d.Matrices.Rounding != nil {
		t.Errorf("%s of %d", codes(d), d.Sampled)
	}
	for _, f := range d.Findings {
		if !strings.Contains(f.Message, "in a sample of 600 elements, expected ") {
			t.Error(f.Message)
		}
	}
}

// The ends of an even path are no outliers; a twin does not count, and where two
// are left there is nothing to tell.
func TestOutliers(t *testing.T) {
	line := func(at ...float64) Figures {
		f := Figures{Norms: at, Distances: square(len(at))}
		for i := range at {
			for j := range at {
				f.Distances[i][j] = math.Abs(at[i] - at[j])
			}
		}
		return f
	}
	for _, c := range []struct {
		at   []float64
		twin []int
		want []float64
	}{
		{[]float64{0, 1}, []int{-1, -1}, []float64{0, 0}},
		{[]float64{0, 1, 10}, []int{-1, -1, -1}, []float64{1, 1, 9}},
		{[]float64{0, 1, 10}, []int{-1, 0, -1}, []float64{0, 0, 0}},
		{[]float64{5, 5, 5}, []int{-1, -1, -1}, []float64{0, 0, 0}},
		{[]float64{0, 0, 3}, []int{-1, -1, -1}, []float64{0, 0, math.Inf(1)}},
		{[]float64{0, 1, 2, 3, 4, 5, 6}, []int{-1, -1, -1, -1, -1, -1, -1}, []float64{1.5, 1, 1, 1, 1, 1, 1.5}},
	} {
		if got := outliers(line(c.at...), c.twin); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v: %v, want %v", c.at, got, c.want)
		}
	}
}
