package soup

import (
	"context"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// familyOf returns models of one tensor of n numbers, near to each other as
// checkpoints of one run are.
func familyOf(t testing.TB, d formats.DType, n, count int) []*olmo.Model {
	t.Helper()
	r := newRand(uint64(count))
	x := make([][]float64, count)
	for range n {
		base := r.NormFloat64() * 0.02
		for i := range x {
			x[i] = append(x[i], held(d, base*(1+0.05*r.NormFloat64())))
		}
	}
	return models(t, d, []int64{int64(n) / 10, 10}, x)
}

// publish computes a model as a path does.
func publish(t testing.TB, compute func([]float32, [][]float32, *rounder), d formats.DType, ms []*olmo.Model) *olmo.Model {
	t.Helper()
	n := int(ms[0].Tensors[0].Elements())
	var x [][]float32
	for _, m := range ms {
		v := make([]float32, n)
		narrow(v, m.Tensors[0].DType, all(t, m))
		x = append(x, v)
	}
	y := make([]float32, n)
	compute(y, x, &rounder{d: d})
	b := make([]byte, n*int(d.BlockBytes()))
	encodeOdd(b, d, y)
	return bare("published", tensorBytes(t, "x", d, ms[0].Tensors[0].Shape, b))
}

func checked(t testing.TB, published *olmo.Model, ms []*olmo.Model, o CheckOptions) *CheckReport {
	t.Helper()
	r, err := Check(context.Background(), published, ms, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A soup is recognised by the way in which it was made.
func TestCheckWays(t *testing.T) {
	for _, c := range []struct {
		in, out formats.DType
		models  int
	}{{formats.BF16, formats.BF16, 3}, {formats.F32, formats.BF16, 4}, {formats.F16, formats.F16, 3}, {formats.F32, formats.F32, 3}} {
		ms := familyOf(t, c.in, 20_000, c.models)
		r := Uniform(c.models)
		r.DType = c.out
		exact := mustMerge(t, ms, nil, r).Model
		got := checked(t, exact, ms, CheckOptions{Threads: 3})
		if got.Verdict != Exact || got.Best != 0 || got.Elements != 20_000 || got.Different != 0 || len(got.Tensors) != 0 {
			t.Errorf("%v: exact: %+v", c, got)
		}
		for _, p := range paths([]*big.Rat{big.NewRat(1, 1), big.NewRat(1, 1), big.NewRat(1, 1), big.NewRat(1, 1)}[:c.models]) {
			got := checked(t, publish(t, p.compute, c.out, ms), ms, CheckOptions{})
			way := got.Ways[got.Best]
			// Ways may give the same bits; this one is among those that do.
			wrong := int64(-1)
			for _, w := range got.Ways {
				if w.Name == p.name {
					wrong = w.Wrong
				}
			}
			if way.Wrong != 0 || wrong != 0 || got.Different != 0 || got.Verdict != Exact && got.Verdict != Reproduced {
				t.Errorf("%v: %s: %s, best %+v, %d wrong, %d different", c, p.name, got.Verdict, way, wrong, got.Different)
			}
		}
		// That of weights 1/3 is the one that nobody else has.
		if c.out == formats.BF16 && c.models == 3 {
			third := float32(1. / 3)
			got := checked(t, publish(t, roundedSum([]float32{third, third, third}), c.out, ms), ms, CheckOptions{})
			if got.Verdict != Reproduced || got.Ways[got.Best].Name != "mergekit-0.1.4/3" || got.Ways[0].Wrong < 5000 {
				t.Errorf("%s, %+v", got.Verdict, got.Ways)
			}
		}
	}
}

// What the tools themselves made is recognised (testdata/paths.json).
func TestCheckGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/paths.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			DType   string
			Weights []string
			Inputs  []string
			Ways    map[string]string
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	types := map[string]formats.DType{"bfloat16": formats.BF16, "float16": formats.F16, "float32": formats.F32}
	for _, c := range golden.Cases {
		d := types[c.DType]
		of := func(path, hex string) *olmo.Model {
			v := words(t, d, hex)
			b := make([]byte, len(v)*int(d.BlockBytes()))
			encodeOdd(b, d, v)
			return bare(path, tensorBytes(t, "x", d, []int64{int64(len(v))}, b))
		}
		var ms []*olmo.Model
		var w []*big.Rat
		for i, in := range c.Inputs {
			ms = append(ms, of(strconv.Itoa(i), in))
			f, err := strconv.ParseFloat(c.Weights[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			w = append(w, new(big.Rat).SetFloat64(f))
		}
		for name, out := range c.Ways {
			got := checked(t, of("published", out), ms, CheckOptions{Weights: w})
			if got.Verdict != Exact && got.Verdict != Reproduced || got.Different != 0 {
				t.Errorf("%s of %s, weights %v: %s, %+v", name, d, c.Weights, got.Verdict, got.Ways)
			}
		}
	}
}

func TestCheckVerdicts(t *testing.T) {
	ms := familyOf(t, formats.BF16, 5000, 3)
	r := Weighted(rats(t, "1", "1", "2"), true)
	raw := all(t, mustMerge(t, ms, nil, r).Model)
	shape := ms[0].Tensors[0].Shape
	published := func(b []byte) *olmo.Model { return bare("p", tensorBytes(t, "x", formats.BF16, shape, b)) }
	weights := CheckOptions{Weights: rats(t, "1", "1", "2")}
	if got := checked(t, published(raw), ms, weights); got.Verdict != Exact {
		t.Errorf("%s", got.Verdict)
	}
	// One unit in the last place, at places that no known way shares.
	off := append([]byte{}, raw...)
	for i := 0; i < len(off); i += 200 {
		off[i] ^= 1
	}
	if got := checked(t, published(off), ms, weights); got.Verdict != RoundingOnly || got.Ways[0].Wrong != 50 || got.Different != 0 {
		t.Errorf("%s, %+v", got.Verdict, got)
	}
	// Other values.
	off[2*1234+1] ^= 0x80
	off[2*4321+1] ^= 0x80
	got := checked(t, published(off), ms, weights)
	if got.Verdict != Different || got.Different != 2 || len(got.Tensors) != 1 {
		t.Fatalf("%s, %+v", got.Verdict, got)
	}
	if x := got.Tensors[0]; x.Name != "x" || x.First != "[123, 4]" || x.Different != 2 || x.Elements != 5000 || x.Want != -x.Got {
		t.Errorf("%+v", x)
	}
	// Other weights, another model, one of the ingredients.
	if got := checked(t, published(raw), ms, CheckOptions{}); got.Verdict != Different {
		t.Errorf("weights: %s, %d different", got.Verdict, got.Different)
	}
	if got := checked(t, familyOf(t, formats.BF16, 5000, 4)[3], ms, weights); got.Verdict != Different || got.Different < 4000 {
		t.Errorf("another: %s, %d different", got.Verdict, got.Different)
	}
	if got := checked(t, ms[1], ms, weights); got.Verdict != Reproduced || got.Ways[got.Best].Name != "copy-2" {
		t.Errorf("copy: %s, %+v", got.Verdict, got.Ways[got.Best])
	}
	// A zero is a zero.
	zero := many(t, formats.BF16, [][]float64{{0}, {math.Copysign(0, -1)}})
	if got := checked(t, zero[1], zero[:1], CheckOptions{}); got.Verdict != Exact {
		t.Errorf("zero: %s", got.Verdict)
	}
	// What is no number is not let pass.
	off[2*77], off[2*77+1] = 0xc0, 0x7f
	if got := checked(t, published(off), ms, weights); got.Different != 3 {
		t.Errorf("NaN: %d different", got.Different)
	}
}

func TestCheckRefused(t *testing.T) {
	ms := familyOf(t, formats.F32, 10, 2)
	_, err := Check(context.Background(), bare("p", ms[0].Tensors[0].WithName("y")), ms, CheckOptions{})
	if err == nil || !strings.Contains(err.Error(), `p: tensors: found no "x", expected the same tensors as in a`) {
		t.Error(err)
	}
	if _, err := Check(context.Background(), ms[0], ms, CheckOptions{Weights: rats(t, "1")}); err == nil || !strings.Contains(err.Error(), "found weights for 1 models") {
		t.Error(err)
	}
	if _, err := Check(context.Background(), ms[0], ms, CheckOptions{Weights: rats(t, "1", "-1")}); err == nil || !strings.Contains(err.Error(), "sum is zero") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, ms[0], ms, CheckOptions{}); err == nil {
		t.Error("a check that was called off has a report")
	}
}
