package soup

import (
	"context"
	"math"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

func related(t testing.TB, base *olmo.Model, ms ...*olmo.Model) *Relations {
	t.Helper()
	r, err := Relate(context.Background(), ms, base, RelateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Inner products are those of the definition.
func TestGram(t *testing.T) {
	const n = 150_000 // more than a block
	for _, base := range []bool{false, true} {
		ms := familyOf(t, formats.F32, n, 4)
		var b *olmo.Model
		x := make([][]float64, 4)
		for i := range x {
			x[i] = make([]float64, n)
			widen(x[i], formats.F32, all(t, ms[i]), make([]float32, n))
		}
		if base {
			b, ms = ms[3], ms[:3]
		}
		g := related(t, b, ms...).Matrices
		k := len(ms)
		near := func(what string, got float64, f func(j int) float64) {
			t.Helper()
			want := 0.0
			for j := range n {
				want += f(j)
			}
			if math.Abs(got-want) > 1e-11*math.Abs(want)+1e-15 {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		mean := func(j int) float64 {
			s := 0.0
			for i := range k {
				s += x[i][j]
			}
			return s / float64(k)
		}
		for a := range k {
			for c := range k {
				near("weights", g.Weights(a, c), func(j int) float64 { return x[a][j] * x[c][j] })
				near("from mean", g.FromMean(a, c), func(j int) float64 { return (x[a][j] - mean(j)) * (x[c][j] - mean(j)) })
				d := g.Distance(a, c)
				near("distance", d*d, func(j int) float64 { return (x[a][j] - x[c][j]) * (x[a][j] - x[c][j]) })
				if base {
					near("from base", g.FromBase(a, c), func(j int) float64 { return (x[a][j] - x[3][j]) * (x[c][j] - x[3][j]) })
				}
			}
		}
		if c := g.Cosine(0, 1); c < 0.99 || c > 1 {
			t.Errorf("cosine %v", c)
		}
	}
}

// What is there twice is told, and what has nothing to do with the others.
func TestFindings(t *testing.T) {
	ms := familyOf(t, formats.BF16, 2000, 4)
	stranger := familyOf(t, formats.BF16, 2000, 5)[0]
	stranger.Source.Path = "stranger"
	again := bare("again", ms[1].Tensors...)
	// The same values in another type are the same model.
	wide, err := formats.Cast(ms[1].Tensors[0], formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		base *olmo.Model
		ms   []*olmo.Model
		want string // codes and where
	}{
		{"a family", nil, ms, ""},
		{"a family from a base", ms[0], ms[1:], ""},
		{"twins", nil, []*olmo.Model{ms[0], ms[1], again}, "identical again"},
		{"twins first", nil, []*olmo.Model{ms[1], again, ms[2]}, "identical again"},
		{"twins in another type", nil, []*olmo.Model{ms[0], ms[1], bare("wide", wide)}, "identical wide"},
		{"triplets", ms[0], []*olmo.Model{ms[1], again, again}, "identical again, identical again"},
		{"a stranger", nil, []*olmo.Model{ms[0], stranger, ms[2]}, "unrelated stranger"},
		{"two strangers", nil, []*olmo.Model{ms[0], stranger}, "unrelated stranger"},
		{"one", nil, ms[:1], ""},
	} {
		var got []string
		for _, f := range related(t, c.base, c.ms...).Findings {
			got = append(got, f.Code+" "+f.Where)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
	x := [][]float64{{1}, {math.NaN()}}
	if _, err := Relate(context.Background(), models(t, formats.F32, []int64{1}, x), nil, RelateOptions{}); err == nil || !strings.Contains(err.Error(), "found NaN at [0]") {
		t.Error(err)
	}
}
