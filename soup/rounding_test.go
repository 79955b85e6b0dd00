package soup

import (
	"context"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"olmotool/formats"
)

var values = flag.Int("values", 40, "how many values of each kind TestCorrectlyRounded compares with exact arithmetic, for each weights and types")

// weightSets are weights of the same models.
func weightSets(t testing.TB) []Recipe {
	set := func(normalize bool, ws ...string) Recipe { return Weighted(rats(t, ws...), normalize) }
	schedule := func(s string, n int) Recipe {
		w, err := Schedule(s, n)
		if err != nil {
			t.Fatal(err)
		}
		return Weighted(w, true)
	}
	return []Recipe{
		Uniform(1), Uniform(2), Uniform(3), Uniform(4), Uniform(7), Uniform(20),
		set(true, "1/3", "1/3", "1/3"), set(true, "0.5", "0.3", "0.2"), set(true, "0.8", "0.2"),
		set(true, "0.123456789", "0.987654321", "1/7"), set(true, "0.33333333333333333333", "0.1", "1e-9"),
		set(false, "0.7", "0.7"), set(false, "1", "1", "1", "1"), set(true, "3/2", "-1/2"), set(false, "1e-30", "-1e20"),
		schedule("ema:0.2", 10), schedule("ema:1/3", 20), schedule("wsm:cosine", 5), schedule("wsm:minus-sqrt", 4),
	}
}

// Every merged value is the exact one, rounded once.
func TestCorrectlyRounded(t *testing.T) {
	floats := []formats.DType{formats.BF16, formats.F16, formats.F32}
	total := 0
	for wi, r := range weightSets(t) {
		for _, in := range append(floats, formats.F64) {
			for _, out := range append(floats, formats.F64) {
				total += checkRounding(t, fmt.Sprintf("weights %d, %s to %s", wi, in, out), r, in, out, uint64(wi))
			}
		}
	}
	t.Logf("%d values", total)
}

func checkRounding(t *testing.T, name string, r Recipe, in, out formats.DType, seed uint64) int {
	n := *values
	rnd := rand.New(rand.NewPCG(seed, uint64(in)<<8|uint64(out)))
	var w []*big.Rat
	for i := range r.Models {
		w = append(w, r.Value("weight", "", i))
	}
	normalize := r.Value("normalize", "", -1) == nil
	for _, kind := range kinds {
		x := make([][]float64, r.Models)
		columns := make([][]float64, n)
		for j := range columns {
			columns[j] = column(rnd, kind, in, r.Models)
			for i := range x {
				x[i] = append(x[i], columns[j][i])
			}
		}
		r.DType = out
		shape := []int64{int64(n)}
		models := models(t, in, shape, x)
		res, err := Merge(context.Background(), models, nil, r, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := all(t, res.Model)
		var over, under int64
		for j, c := range columns {
			g, want := word(got, out, j), reference(w, normalize, c, out)
			if magnitude := uint64(1)<<(out.BlockBytes()*8-1) - 1; want&magnitude == 0 {
				g &= magnitude
				want = 0
				if sum := exactSum(w, c); sum.Sign() != 0 {
					under++
				}
			}
			f := formatsOf[out]
			if inf := uint64(2*f.high+1) << (f.bits - 1); want&^(1<<(out.BlockBytes()*8-1)) == inf {
				over++
			}
			if g != want {
				t.Fatalf("%s, %s: %v: got %#x, want %#x", name, kind, c, g, want)
			}
		}
		if out != formats.F64 && (res.Lost.Overflow.Load() != over || res.Lost.Underflow.Load() != under || res.Lost.NaN.Load() != 0) {
			t.Fatalf("%s, %s: counted %d too large, %d too small, %d NaN, want %d, %d, 0", name, kind,
				res.Lost.Overflow.Load(), res.Lost.Underflow.Load(), res.Lost.NaN.Load(), over, under)
		}
	}
	return n * len(kinds)
}

func exactSum(w []*big.Rat, x []float64) *big.Rat {
	sum := new(big.Rat)
	for i, v := range x {
		sum.Add(sum, new(big.Rat).Mul(w[i], new(big.Rat).SetFloat64(v)))
	}
	return sum
}
