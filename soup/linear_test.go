package soup

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Means of mergekit 0.1.4, and what they should have been (testdata/linear.json).
// Its results in float32 are as good as float32 is; those in bfloat16 are what
// its way of computing gives.
func TestLinearVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/linear.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name, DType     string
			Shape           []int64
			Weights, Inputs []string
			Normalize       bool
			Mergekit, Exact string
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 19 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		d := formats.F32
		if c.DType == "bfloat16" {
			d = formats.BF16
		}
		var x [][]float64
		var narrowed [][]float32
		for _, in := range c.Inputs {
			x = append(x, decodeWords(t, in, c.DType))
			narrowed = append(narrowed, words(t, d, in))
		}
		r := Weighted(rats(t, c.Weights...), c.Normalize)
		r.DType = formats.F64
		got := make([]float64, len(x[0]))
		widen(got, formats.F64, merge(t, r, Options{}, nil, models(t, d, c.Shape, x)...), nil)
		exact, largest := decodeWords(t, c.Exact, "float64"), 0.0
		for _, v := range exact {
			largest = max(largest, math.Abs(v))
		}
		mergekit := decodeWords(t, c.Mergekit, c.DType)
		for i, v := range got {
			// The reference adds and divides in float64.
			if math.Abs(v-exact[i]) > 4e-16*largest {
				t.Errorf("%s of %s: element %d: got %v, want %v", c.Name, d, i, v, exact[i])
			}
			if d == formats.F32 && math.Abs(v-mergekit[i]) > 1e-7*largest {
				t.Errorf("%s of %s: element %d: got %v, mergekit has %v", c.Name, d, i, v, mergekit[i])
			}
		}
		if d == formats.BF16 && c.Normalize {
			var w []float32
			for _, s := range c.Weights {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
				w = append(w, float32(v))
			}
			kit := make([]float32, len(got))
			roundedSum(w)(kit, narrowed, &rounder{d: d})
			for i, v := range kit {
				if float64(v) != mergekit[i] {
					t.Errorf("%s of %s: element %d as mergekit computes: got %v, want %v", c.Name, d, i, v, mergekit[i])
				}
			}
		}
	}
}

// some returns models of one tensor with all kinds of values.
func some(t testing.TB, d formats.DType, n, models int) ([]*olmo.Model, [][]float64) {
	r := newRand(uint64(n))
	x := make([][]float64, models)
	for j := range n {
		for i, v := range column(r, kinds[j*len(kinds)/n], d, models) {
			x[i] = append(x[i], v)
		}
	}
	return many(t, d, x), x
}

func many(t testing.TB, d formats.DType, x [][]float64) []*olmo.Model {
	return models(t, d, []int64{int64(len(x[0]))}, x)
}

// A soup of a model, however often it is in it and however much it counts, is
// that model: its bytes, those of negative zeros too.
func TestSoupOfOneIsACopy(t *testing.T) {
	for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F32, formats.F64} {
		_, x := some(t, d, 5000, 1)
		x[0] = append(x[0], math.Copysign(0, -1), 0)
		ms := many(t, d, x)
		want := all(t, ms[0])
		for _, r := range []Recipe{
			Uniform(1), Uniform(3), Uniform(20), Weighted(rats(t, "1", "3/7"), true), Weighted(rats(t, "0.1", "0.2", "0.7"), false),
			{Method: &passthrough},
		} {
			same := make([]*olmo.Model, max(1, r.Models))
			for i := range same {
				same[i] = ms[0]
			}
			if got := merge(t, r, Options{}, nil, same...); !bytes.Equal(got, want) {
				t.Errorf("%s, %d models: another model", d, r.Models)
			}
		}
	}
}

// The order of models does not count, and a model that does not count is not read.
func TestOrderAndZeroWeights(t *testing.T) {
	for _, d := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
		ms, _ := some(t, d, 3000, 4)
		w := rats(t, "1/3", "0.2", "7", "1e-3")
		want := merge(t, Weighted(w, true), Options{}, nil, ms...)
		for _, p := range [][]int{{3, 2, 1, 0}, {1, 3, 0, 2}} {
			pw := rats(t)
			var pm []*olmo.Model
			for _, i := range p {
				pw, pm = append(pw, w[i]), append(pm, ms[i])
			}
			if !bytes.Equal(merge(t, Weighted(pw, true), Options{}, nil, pm...), want) {
				t.Errorf("%s: order %v gives another soup", d, p)
			}
		}
		nan := many(t, d, [][]float64{slices.Repeat([]float64{math.NaN()}, 3000)})
		with := append(slices.Clone(ms), nan...)
		if !bytes.Equal(merge(t, Weighted(append(slices.Clone(w), rats(t, "0")...), true), Options{}, nil, with...), want) {
			t.Errorf("%s: a model of no weight makes another soup", d)
		}
	}
}

// Signs of zeros are those of IEEE sums.
func TestZeros(t *testing.T) {
	n := math.Copysign(0, -1)
	for _, d := range []formats.DType{formats.BF16, formats.F64} {
		x := [][]float64{{0, n, n, 1, 0, 0}, {0, n, 0, -1, n, 0}}
		for _, c := range []struct {
			w    []string
			want []float64
		}{
			{[]string{"1", "1"}, []float64{0, n, 0, 0, 0, 0}},
			{[]string{"1", "1e-9"}, []float64{0, n, 0, 0.999999999, 0, 0}},
			{[]string{"-1", "2"}, []float64{0, 0, 0, -3, n, 0}},
			{[]string{"1e-9", "1e-20"}, []float64{0, n, 0, 1, 0, 0}},
		} {
			got := make([]float64, 6)
			widen(got, d, merge(t, Weighted(rats(t, c.w...), true), Options{}, nil, many(t, d, x)...), make([]float32, 6))
			for i, v := range got {
				if (v == 0) != (c.want[i] == 0) || math.Signbit(v) != math.Signbit(c.want[i]) {
					t.Errorf("%s, weights %v: %d is %v, want %v", d, c.w, i, v, c.want[i])
				}
			}
		}
	}
}
