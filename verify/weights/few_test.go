package weights

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/verify/internal/view"
)

// scaledRows multiplies rows by numbers.
func scaledRows(t testing.TB, x formats.Tensor, by map[int64]float64) formats.Tensor {
	t.Helper()
	for r, c := range by {
		row, err := formats.Rows(x, r, r+1)
		if err != nil {
			t.Fatal(err)
		}
		if row, err = view.Scale(row, c); err != nil {
			t.Fatal(err)
		}
		if x, err = view.Replace(x, r, row); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// gather takes rows, or fails the test.
func gather(t testing.TB, x formats.Tensor, from ...int64) formats.Tensor {
	t.Helper()
	y, err := view.Gather(x, int64(len(from)), func(i int64) int64 { return from[i] })
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// upTo is 0, 1, …, n-1.
func upTo(n int64) []int64 {
	var ns []int64
	for i := range n {
		ns = append(ns, i)
	}
	return ns
}

// TestSomeRows: rows that changed are named, with what became of them.
func TestSomeRows(t *testing.T) {
	x := noise(t, 7, formats.F32, 400, 32)
	many := map[int64]float64{}
	for i := range int64(12) {
		many[30*i+2] = 2
	}
	run := upTo(400)
	copy(run[100:], run[7:10])
	other := noise(t, 8, formats.F32, 400, 32)
	someOther := func(rows ...int64) formats.Tensor {
		y := x
		for _, r := range rows {
			row, err := formats.Rows(other, r, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if y, err = view.Replace(y, r, row); err != nil {
				t.Fatal(err)
			}
		}
		return y
	}
	q8, err := formats.Cast(x, formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		ref, cand formats.Tensor
		want      string
	}{
		{"one", x, scaledRows(t, x, map[int64]float64{5: 3}), "row 5 of 400 changed: scaled by 3, exactly"},
		{"of one story", x, scaledRows(t, x, map[int64]float64{5: 3, 9: 3, 77: 3}), "rows 5, 9, 77 of 400 changed: scaled by 3, exactly"},
		{"of several", x, scaledRows(t, x, map[int64]float64{5: 3, 9: 0}), "rows 5, 9 of 400 changed: scaled by 3, exactly; all zeros"},
		{"many", x, scaledRows(t, x, many), "12 of 400 rows changed, the first of them 2"},
		{"negative", x, scaledRows(t, x, map[int64]float64{5: -1, 6: -1}), "rows 5–6 of 400 changed: sign flipped: exactly -1 times REF"},
		{"copies", x, gather(t, x, run...), "rows duplicated: row 100 is REF's row 7, row 101 is REF's row 8, row 102 is REF's row 9"},
		{"copies among others", x, scaledRows(t, gather(t, x, run...), map[int64]float64{103: 0}), "rows 100–103 of 400 changed: "},
		{"other values", x, someOther(399), "row 399 of 400 changed: 32 elements, by a relative error of 1."},
		{"blocks", q8, gather(t, q8, append(upTo(399), 3)...), "rows duplicated: row 399 is REF's row 3"},
	} {
		r := one(t, nil, c.ref, c.cand, "x")
		if len(r.Failures) != 1 || !strings.HasPrefix(r.Failures[0].Diagnosis, c.want) {
			t.Errorf("%s: %+v, want %s", c.name, r.Failures, c.want)
		}
	}
}

// TestOtherRows: matrices that differ in the number of rows.
func TestOtherRows(t *testing.T) {
	x := noise(t, 7, formats.BF16, 32, 16)
	var heads []int64 // of two heads, each twice
	for _, h := range []int64{0, 0, 1, 1} {
		for i := range int64(8) {
			heads = append(heads, 8*h+i)
		}
	}
	kv := headed()
	kv.NumKeyValueHeads = 2
	two, err := formats.Rows(x, 0, 16)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := formats.Cast(x, formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		ref, cand formats.Tensor
		config    *olmo.Config
		want      string
	}{
		{"padded with one row", x, gather(t, x, append(upTo(32), 5, 5, 5)...), headed(), "shape [35 16], expected [32 16]: 3 rows more than REF, all the same; those that REF has are equal"},
		{"padded with others", x, gather(t, x, append(upTo(32), 5, 6)...), headed(), "shape [34 16], expected [32 16]: 2 rows more than REF, with values of their own; those that REF has are equal"},
		{"padded and widened", x, gather(t, wide, append(upTo(32), 5, 6)...), headed(), "shape [34 16], expected [32 16]: 2 rows more than REF, with values of their own; those that REF has are equal"},
		{"one missing in the middle", x, gather(t, x, append(upTo(20), 21, 22, 23)...), headed(), "shape [23 16], expected [32 16]: 20 of the 23 rows that both have are equal, row 20 is not"},
		{"heads repeated", two, gather(t, two, heads...), kv, "shape [32 16], expected [16 16]: heads repeated: CAND's 4 are REF's 0 0 1 1"},
		{"a transpose that is none", x, noise(t, 1, formats.BF16, 16, 32), headed(), "shape [16 32], expected [32 16]: that of the transpose, whose values it has not"},
		{"anything", x, noise(t, 1, formats.BF16, 5, 7), headed(), "shape [5 7], expected [32 16]"},
		{"a quantised one", x, formats.Tensor{DType: formats.Q4_0, Shape: []int64{1, 32}, Data: reader(make([]byte, 18))}, headed(), "shape [1 32], expected [32 16]"},
	} {
		r := one(t, c.config, c.ref, c.cand, "model.layers.0.self_attn.k_proj.weight")
		if len(r.Failures) != 1 || r.Failures[0].Diagnosis != c.want || r.Failures[0].First != nil {
			t.Errorf("%s: %+v, want %s", c.name, r.Failures, c.want)
		}
	}
}

// TestRoundings: the ways of losing digits that torch has not made for us.
func TestRoundings(t *testing.T) {
	x := noise(t, 9, formats.F64, 8, 64)
	cast := func(x formats.Tensor, types ...formats.DType) formats.Tensor {
		for _, d := range types {
			var err error
			if x, err = formats.Cast(x, d, nil); err != nil {
				t.Fatal(err)
			}
		}
		return x
	}
	mapped := func(x formats.Tensor, f func(float64) float64) formats.Tensor {
		y, err := view.Map(x, f)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	f32 := cast(x, formats.F32)
	// Between halves: half way, and just beside.
	halves := mapped(f32, func(x float64) float64 { return float64(float32(math.Ldexp(math.Trunc(x*0x1p18)+0.5, -18))) })
	nudged := mapped(f32, func(x float64) float64 {
		return float64(math.Nextafter32(float32(x), float32(math.Inf(1))))
	})
	for _, c := range []struct {
		name      string
		ref, cand formats.Tensor
		want      string
	}{
		{"F64 by F32", x, cast(x, formats.F32, formats.F64), "rounded to F32 on the way"},
		{"F32 by Q8_0", f32, cast(f32, formats.Q8_0, formats.F32), "quantised to Q8_0 on the way"},
		{"F32 by cut BF16", f32, mapped(f32, truncate(formats.BF16)), "truncated to BF16 on the way"},
		{"F32 by cut F16", f32, mapped(f32, truncate(formats.F16)), "truncated to F16 on the way"},
		{"F16 cut", f32, cast(mapped(f32, truncate(formats.F16)), formats.F16), "truncated to F16 instead of rounded"},
		{"F16 half up", halves, cast(mapped(halves, halfAway(formats.F16)), formats.F16), "rounded to F16 with ties away from zero instead of to even"},
		{"up by one", f32, nudged, otherRound + ": 512 of 512 elements differ"},
		{"by noise of BF16", f32, mapped(f32, func(x float64) float64 { return x * (1 + 0.0015*math.Sin(x*1e6)*math.Sqrt2) }), unknown + ": 512 of 512 elements differ, by a relative error of 0.0015, cosine 0.999999, about that of BF16"},
	} {
		r := one(t, nil, c.ref, c.cand, "x")
		if len(r.Failures) != 1 || r.Failures[0].Diagnosis != c.want {
			t.Errorf("%s: %+v, want %s", c.name, r.Failures, c.want)
		}
	}
}

// TestTruncate holds the roundings to their definitions, near the ends of F16.
func TestTruncate(t *testing.T) {
	cut, away := truncate(formats.F16), halfAway(formats.F16)
	for _, c := range []struct{ x, cut, away float64 }{
		{1, 1, 1},
		{1 + 0x1p-11, 1, 1 + 0x1p-10},
		{-1 - 0x1p-11, -1, -1 - 0x1p-10},
		{1 + 0x1p-12, 1, 1},
		{0x1p-25, 0, 0x1p-24},
		{-0x1p-25, 0, -0x1p-24},
		{0x1p-26, 0, 0},
		{65504, 65504, 65504},
		{65519, 65504, 65504},
		{65520, 65504, 65536},
		{1e9, 65504, 65536},
		{-1e9, -65504, -65536},
	} {
		if got := cut(c.x); got != c.cut {
			t.Errorf("%v is cut to %v, want %v", c.x, got, c.cut)
		}
		if got := away(c.x); got != c.away {
			t.Errorf("%v is rounded to %v, want %v", c.x, got, c.away)
		}
	}
	for _, f := range []func(float64) float64{cut, away, truncate(formats.BF16), halfAway(formats.BF16)} {
		if got := f(math.NaN()); got == got {
			t.Errorf("NaN becomes %v", got)
		}
	}
}

// TestGGUFOrder: the rows of q and k in a GGUF of OLMo 1, which are in the order
// of the official converter, are told from those of transformers.
func TestGGUFOrder(t *testing.T) {
	m := open(t, testdata+"models/olmo1")
	p, err := m.Plan("gguf", olmo.PlanOptions{
		Name:         "m.gguf",
		General:      []gguf.KV{{Key: "general.architecture", Value: "olmo"}},
		TokenizerKVs: []gguf.KV{{Key: "tokenizer.ggml.eos_token_id", Value: uint32(m.Config.EOSTokenID[0])}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := p.Files[0].WriteTo(f); err != nil {
		t.Fatal(err)
	}
	g := open(t, path)
	if r := compare(t, m, g); !r.Equal {
		t.Errorf("%+v", r)
	}
	for _, module := range []string{"q", "k"} {
		name := fmt.Sprintf("model.layers.1.self_attn.%s_proj.weight", module)
		i := slices.IndexFunc(g.Source.Tensors, func(x formats.Tensor) bool { return x.Name == "blk.1.attn_"+module+".weight" })
		j := slices.IndexFunc(m.Tensors, func(x formats.Tensor) bool { return x.Name == name })
		const want = "rows permuted: from half-split to interleaved rotary pairs"
		if r := one(t, m.Config, m.Tensors[j], g.Source.Tensors[i], name); r.Equal || r.Failures[0].Diagnosis != want {
			t.Errorf("%s: %+v, want %s", name, r.Failures, want)
		}
		const back = "rows permuted: from interleaved to half-split rotary pairs"
		if r := one(t, m.Config, g.Source.Tensors[i], m.Tensors[j], name); r.Equal || r.Failures[0].Diagnosis != back {
			t.Errorf("%s: %+v, want %s", name, r.Failures, back)
		}
	}
}
