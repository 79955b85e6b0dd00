package soup

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/big"
	"testing"

	"olmotool/formats"
)

var values = flag.Int("values", 24, "how many values of each kind TestCorrectlyRounded compares with exact arithmetic, for each weights and types")

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
		set(true, "-1", "-2"), set(true, "1", "-3"),
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
	rnd := newRand(seed<<16 | uint64(in)<<8 | uint64(out))
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

// Each way of computing an element gives what integers give, when it says so.
func TestElements(t *testing.T) {
	r := newRand(9)
	tried := map[string]int{}
	check := func(c *combination, x []float64) {
		odd, full := c.exact(x, false), c.exact(x, true)
		if y, ok := c.bounded(x); ok {
			tried["bounded"]++
			// On the same side of every number of 25 bits.
			const low = 1<<restBits - 1
			if a, b := math.Float64bits(y), math.Float64bits(odd); a&^low != b&^low || a&low == 0 || b&low == 0 {
				t.Fatalf("%v: bounded: %x, want %x", x, y, odd)
			}
		}
		if !c.nice || x[0] == 0 {
			return
		}
		if y, ok := c.sticky(x, false); ok {
			tried["sticky"]++
			if y != odd {
				t.Fatalf("%v of %v: sticky: %x, want %x", x, c.n, y, odd)
			}
		}
		if y, ok := c.sticky(x, true); ok {
			tried["full"]++
			if y != full {
				t.Fatalf("%v: full: %x, want %x", x, y, full)
			}
		}
	}
	for _, w := range [][]string{
		{"1", "1", "1"}, {"0.5", "0.3", "0.2"}, {"1", "1e-9", "3"}, {"3", "-1", "7"}, {"0.123456789", "0.987654321", "1/7"}, {"1", "1", "1e-15"},
	} {
		c, err := combine(rats(t, w...), true)
		if err != nil {
			t.Fatal(err)
		}
		for range 3000 {
			x := make([]float64, 3)
			for i := range x {
				switch r.IntN(4) {
				case 0:
					x[i] = r.NormFloat64()
				case 1:
					x[i] = math.Ldexp(float64(r.IntN(8)-3), r.IntN(160)-80)
				case 2:
					x[i] = math.Ldexp(r.NormFloat64(), r.IntN(120)-60)
				case 3:
					x[i] = float64(float32(r.NormFloat64()))
				}
			}
			if x[0] != 0 {
				check(c, x)
			}
		}
	}
	for _, k := range []string{"bounded", "sticky", "full"} {
		if tried[k] < 1000 {
			t.Errorf("%d elements %s", tried[k], k)
		}
	}
	// A coefficient below the normal numbers has lost what it multiplies.
	c, err := combine(rats(t, "1e-100/1e22", "1e100/1e-100"), true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		x := []float64{1e308 * (1 - float64(i)/300), 1e-14}
		if y, want := toOdd(c.element(x, false)), toOdd(c.exact(x, false)); y != want {
			t.Errorf("%v: got %v, want %v", x, y, want)
		}
	}
}

// Quotients that are so near to the middle between two float32 that a float64 is
// not enough to tell on which side.
func TestCloseCalls(t *testing.T) {
	n := 0
	r := newRand(4)
	for n < 50 {
		d := r.Int64N(1<<36) + 1<<26 | 1
		for s := range 45 {
			// x·2^s = d·j ± 1, with x of 24 bits and an odd j of 25.
			x := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), uint(s)), big.NewInt(d)).Int64()
			above := int64(1)
			if d-x < x {
				x, above = d-x, -1
			}
			j := new(big.Int).Lsh(big.NewInt(x), uint(s))
			j.Quo(j.Sub(j, big.NewInt(above)), big.NewInt(d))
			if x >= 1<<24 || j.BitLen() != 25 || j.Bit(0) == 0 {
				continue
			}
			n++
			w, v := []*big.Rat{big.NewRat(1, d)}, []float64{float64(x)}
			got := word(merge(t, Weighted(w, false), Options{}, nil, many(t, formats.F32, [][]float64{v})...), formats.F32, 0)
			if want := reference(w, false, v, formats.F32); got != want {
				t.Fatalf("%d/%d: got %#x, want %#x", x, d, got, want)
			}
		}
	}
}

// Sums just above the middle between two of the smallest numbers, which float32
// cannot tell from it.
func TestSmallCalls(t *testing.T) {
	w := rats(t, "1099511627777/1099511627776") // 1 + 2^-40
	for in, least := range map[formats.DType]int{formats.F32: -134, formats.BF16: -126} {
		var x []float64
		for k := range 40 {
			x = append(x, math.Ldexp(float64(2*k+1), least))
		}
		r := Weighted(w, false)
		r.DType = formats.BF16
		got := merge(t, r, Options{}, nil, many(t, in, [][]float64{x})...)
		for k, v := range x {
			if g, want := word(got, formats.BF16, k), reference(w, false, []float64{v}, formats.BF16); g != want {
				t.Errorf("%d·2^%d: got %#x, want %#x", 2*k+1, least, g, want)
			}
		}
	}
}

// What becomes zero is counted where others do not.
func TestLost(t *testing.T) {
	x := make([]float64, 40)
	for i := range x {
		x[i] = held(formats.F32, 1+float64(i)/3)
	}
	x[7], x[31] = held(formats.F32, 1e-43), held(formats.F32, -1e-43)
	for _, out := range []formats.DType{formats.F32, formats.BF16, formats.F16} {
		r := Weighted(rats(t, "0.001234567891234"), false)
		r.DType = out
		res := mustMerge(t, many(t, formats.F32, [][]float64{x}), nil, r)
		all(t, res.Model)
		if n := res.Lost.Underflow.Load(); n != 2 {
			t.Errorf("%s: %d became zero, want 2", out, n)
		}
	}
}
