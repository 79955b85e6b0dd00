package soup

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// inMemory reads sequences, a few elements at a time. The first ranges, those of
// the sample, are others than it is asked for.
func inMemory(sample ranges, v ...[]float64) series {
	s := series{length: int64(len(v[0])), changed: errors.New("changed")}
	calls := 0
	s.read = func(r ranges, begin func(int64) (see, func() error)) error {
		if calls++; calls == 1 {
			r = sample
		}
		for i := range r.n {
			see, end := begin(i)
			at, n := r.of(i)
			for s, v := range v {
				for lo := at; lo < at+n; lo += 7 {
					see(s, v[lo:min(lo+7, at+n)], lo)
				}
			}
			if end == nil {
				continue
			}
			if err := end(); err != nil {
				return err
			}
		}
		return nil
	}
	return s
}

// TestCuts holds that a cut has before it what comes first in order, even if a
// sample misleads.
func TestCuts(t *testing.T) {
	value := rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 0x1p-1074, -0x1p-1074, 1 + 0x1p-52, 1 + 0x1p-30, 1 + 0x1p-14, math.MaxFloat64}),
		rapid.Float64(), rapid.Float64Range(1, 1.001),
	)
	rapid.Check(t, func(t *rapid.T) {
		const sequences = 2
		n := rapid.IntRange(1, 40).Draw(t, "n")
		var v [][]float64
		var counts [][]int64
		for range sequences {
			v = append(v, rapid.SliceOfN(value, n, n).Draw(t, "v"))
			counts = append(counts, rapid.SliceOfN(rapid.Int64Range(-1, int64(n)+1), 0, 3).Draw(t, "counts"))
		}
		from := rapid.Int64Range(0, int64(n)).Draw(t, "from")
		of := rapid.Int64Range(0, int64(n)-from).Draw(t, "of")
		part := ranges{1, func(int64) (at, elements int64) { return from, of }}
		got, err := cuts(inMemory(part, v...), counts)
		if err != nil {
			t.Fatal(err)
		}
		for s := range v {
			order := ranking(v[s])
			for k, count := range counts[s] {
				masked := slices.Clone(v[s])
				got[s][k].mask(masked, 0)
				for rank, i := range order {
					in := int64(rank) < count
					if got[s][k].before(v[s][i], int64(i)) != in {
						t.Fatalf("%v: number %d, element %d, is before the cut of %d: %v", v[s], rank, i, count, !in)
					}
					want := uint64(0)
					if in {
						want = math.Float64bits(v[s][i])
					}
					if math.Float64bits(masked[i]) != want {
						t.Fatalf("%v: element %d is masked to %g by a cut of %d", v[s], i, masked[i], count)
					}
				}
			}
		}
	})
}

// TestSorter holds that rows are ordered as they are by definition.
func TestSorter(t *testing.T) {
	var s sorter
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 300, 3, 1000} {
		row := make([]float64, n)
		for i := range row {
			row[i] = math.Round(r.NormFloat64()*20) * 0x1p-7
			if i%3 == 0 {
				row[i] = r.NormFloat64()
			}
		}
		var got []int
		for _, i := range s.order(row) {
			got = append(got, int(i))
		}
		if want := ranking(row); !slices.Equal(got, want) {
			t.Errorf("%d elements: %v, want %v", n, got, want)
		}
	}
}

// counted counts the elements that are read.
type counted struct {
	numbers
	read *atomic.Int64
}

func (c counted) ReadAt(p []byte, off int64) (int, error) {
	c.read.Add(int64(len(p) / 8))
	return c.numbers.ReadAt(p, off)
}

// TestPasses fixes how often methods read a tensor of some size for their facts.
func TestPasses(t *testing.T) {
	const n = 4 * blockLen
	bf16 := func(x float64) float64 {
		return float64(math.Float32frombits(math.Float32bits(float32(x)) &^ 0xffff))
	}
	f32 := func(x float64) float64 { return float64(float32(x)) }
	for _, c := range []struct {
		method string
		p      params
		round  func(float64) float64
		want   float64 // passes, and a part of one
	}{
		{"slerp", params{"t": {0.5}}, f32, 1},
		{"nuslerp", params{"weight": {1}}, f32, 1},
		{"nuslerp", params{"weight": {1}, "nuslerp_flatten": {0}}, f32, 0},
		{"nuslerp", params{"weight": {1}, "nuslerp_flatten": {0}, "nuslerp_row_wise": {1}}, f32, 1},
		{"multislerp", params{"weight": {1}}, f32, 1},
		{"karcher", nil, f32, 1},
		{"model_stock", nil, f32, 1},
		{"model_stock", params{"filter_wise": {1}}, f32, 0},
		{"task_arithmetic", params{"weight": {1}}, f32, 0},
		{"ties", params{"weight": {1}}, f32, 0},
		{"ties", params{"weight": {1}, "density": {0.5}}, f32, 2},
		{"ties", params{"weight": {1}, "density": {0.5}}, bf16, 2}, // and one of them, up to some place, for equal elements
		{"ties", params{"weight": {1}, "density": {0.5}, "rescale": {1}}, f32, 3},
		{"breadcrumbs", params{"weight": {1}, "density": {0.5}}, f32, 2},
		{"dare_ties", params{"weight": {1}, "density": {0.5}}, f32, 1},
		{"della", params{"weight": {1}, "density": {0.5}}, f32, 1},
		{"della", params{"weight": {1}, "density": {0.5}, "rescale": {0}}, f32, 0},
		{"sce", nil, f32, 1},
		{"sce", params{"select_topk": {0.5}}, f32, 3},
		{"nearswap", params{"t": {0.5}}, f32, 0},
		{"ram", nil, f32, 0},
		{"ramplus_tl", nil, f32, 1},
		{"arcee_fusion", nil, f32, 3},
	} {
		m := other(t, c.method)
		x, base := drawn(m, rand.New(rand.NewPCG(2, 2)), 2, n)
		for _, v := range append(x, base) {
			for i := range v {
				v[i] = c.round(v[i])
			}
		}
		tensor := tensorFor(t, m, []int64{n / 64, 64}, x, base, c.p)
		var read atomic.Int64
		tensor.in[0].Data = counted{x[0], &read}
		if _, err := m.Prepare(context.Background(), tensor); err != nil {
			t.Fatal(err)
		}
		if got := float64(read.Load()) / n; got < c.want || got >= c.want+1 {
			t.Errorf("%s %v: %g passes, want %g", c.method, c.p, got, c.want)
		}
	}
}
