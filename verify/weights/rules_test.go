package weights

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// TestCasts: every pair of types that one of them can be cast into.
func TestCasts(t *testing.T) {
	base := noise(t, 3, formats.F64, 8, 64)
	types := []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16, formats.Q8_0}
	for _, from := range types {
		ref, err := formats.Cast(base, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		ref = stored(t, ref)
		for _, to := range types {
			cand, err := formats.Cast(ref, to, nil)
			if err != nil {
				t.Fatal(err)
			}
			cand = stored(t, cand)
			r := one(t, nil, ref, cand, "x")
			ok := r.Identical == 1
			switch {
			case from == to:
			case to == formats.Q8_0:
				ok = r.Quantised == 1
			default:
				ok = r.Cast == 1
			}
			if !r.Equal || !ok {
				t.Errorf("%s as %s: %+v", from, to, r)
			}
			// One bit in the middle.
			bad := cand
			at := int(cand.Bytes()/2) + 1
			b := []byte{0}
			if err := formats.ReadFull(cand.Data, b, int64(at)); err != nil {
				t.Fatal(err)
			}
			bad.Data = patched(t, cand, at, []byte{b[0] ^ 1})
			r = one(t, nil, ref, bad, "x")
			if r.Equal || len(r.Failures) != 1 {
				t.Errorf("%s as %s with one bit flipped passes", from, to)
			}
		}
	}
}

// TestNaNInCasts: in a cast the bits of a NaN are free, in a copy they are not.
func TestNaNInCasts(t *testing.T) {
	wide := tensor(t, formats.F32, []int64{4}, []float64{1, math.NaN(), 3, math.Inf(1)})
	half := tensor(t, formats.BF16, []int64{4}, []float64{1, math.NaN(), 3, math.Inf(1)})
	other := half
	other.Data = patched(t, half, 2, []byte{0xff, 0xff})
	r := one(t, nil, wide, other, "x")
	if !r.Equal || len(r.NonFinite) != 1 {
		t.Fatalf("cast: %+v", r)
	}
	want := NonFinite{Side: "both", Name: "x", NaN: 1, Inf: 1, First: []int64{1}, Value: "NaN"}
	if !reflect.DeepEqual(r.NonFinite[0], want) {
		t.Errorf("%+v, want %+v", r.NonFinite[0], want)
	}
	r = one(t, nil, half, other, "x")
	if r.Equal || len(r.NonFinite) != 2 || r.Failures[0].CandNaN != 1 || r.Failures[0].RefInf != 1 {
		t.Errorf("copy: %+v", r)
	}
	// A number that is none any more.
	number := tensor(t, formats.BF16, []int64{4}, []float64{1, 2, 3, math.Inf(1)})
	r = one(t, nil, number, half, "x")
	if r.Equal || !strings.Contains(r.Failures[0].Diagnosis, "1 element changed: [1] is NaN (0x7fc0), expected 2 (0x4000)") || r.NonFinite[1].Side != "cand" || r.NonFinite[1].NaN != 1 {
		t.Errorf("became NaN: %+v", r)
	}
	if f := r.Failures[0]; f.MaxAbs != 0 || f.ULP[5] != 1 || f.RelRMS != 0 {
		t.Errorf("a NaN is averaged away: %+v", f)
	}
}

// TestOverflow: a value that a type cannot hold is infinite in CAND, rightly
// rounded, and yet another function.
func TestOverflow(t *testing.T) {
	v := append([]float64{1e9, -1e9, 2, 3}, make([]float64, 28)...)
	wide := tensor(t, formats.F32, []int64{32}, v)
	for _, d := range []formats.DType{formats.F16, formats.Q8_0} {
		cand, err := formats.Cast(wide, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := one(t, nil, wide, stored(t, cand), "x")
		if r.Equal || r.Failures[0].Rule != "W6" || !strings.HasSuffix(r.Failures[0].Diagnosis, "too large for "+d.String()) || r.Failures[0].CandInf == 0 {
			t.Errorf("%s: %+v", d, r.Failures)
		}
	}
}

// TestNotCompared: a type that cannot be decoded never passes.
func TestNotCompared(t *testing.T) {
	x := noise(t, 1, formats.F32, 2, 256)
	q := formats.Tensor{DType: formats.Q4_K, Shape: []int64{2, 256}, Data: reader(make([]byte, 288))}
	i := formats.Tensor{DType: formats.I32, Shape: []int64{2, 256}, Data: x.Data}
	for _, c := range []struct {
		ref, cand formats.Tensor
		want      string
	}{
		{x, q, "not compared: blocks of Q4_K cannot be decoded"},
		{q, x, "not compared: blocks of Q4_K cannot be decoded"},
		{x, i, "not compared: I32 is no type of weights"},
	} {
		r := one(t, nil, c.ref, c.cand, "x")
		if r.Equal || len(r.Failures) != 1 || r.Failures[0].Diagnosis != c.want || r.Failures[0].Measured {
			t.Errorf("%s and %s: %+v", c.ref.DType, c.cand.DType, r.Failures)
		}
	}
	// The same bytes are the same.
	if r := one(t, nil, q, q, "x"); !r.Equal || r.Identical != 1 {
		t.Errorf("Q4_K and itself: %+v", r)
	}
	// Of blocks that cannot be decoded it is still known where they differ.
	other := q
	other.Data = patched(t, q, 144, []byte{1})
	r := one(t, nil, q, other, "x")
	if r.Equal || r.Failures[0].Diagnosis != "row 1 of 2 changed: other blocks" || r.Failures[0].Changed != 256 || !slices.Equal(r.Failures[0].First, []int64{1, 0}) {
		t.Errorf("%+v", r.Failures)
	}
}

// TestBounded: a type without a quantiser passes by its error.
func TestBounded(t *testing.T) {
	x := noise(t, 1, formats.F32, 2, 256)
	near, err := formats.Cast(x, formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cand  formats.Tensor
		bound float64
		ok    bool
	}{{near, 0.0075, true}, {near, 0.0025, false}, {noise(t, 2, formats.F32, 2, 256), 0.36, false}} {
		p := &pair{ref: x, cand: c.cand, rule: "W5", bound: c.bound, refBad: new(tally), candBad: new(tally)}
		cmp := &comparison{Options: Options{Threads: 1}, report: newReport(), ref: &olmo.Model{}}
		ok, err := cmp.passes(context.Background(), p)
		if err != nil || ok != c.ok || cmp.report.Bounded != map[bool]int{true: 1}[ok] {
			t.Errorf("bound %v: %v, %v", c.bound, ok, err)
		}
		if f, err := cmp.diagnose(context.Background(), p); !ok && (err != nil || !strings.Contains(f.say, fmt.Sprintf("beyond the %.2g", c.bound))) {
			t.Errorf("bound %v: %q, %v", c.bound, f.say, err)
		}
	}
}
