package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/internal/view"
)

// TestAnyMistake: a mistake with any parameters, in a matrix of any size and
// type, is found with these parameters.
func TestAnyMistake(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := rapid.SampledFrom([]formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16}).Draw(rt, "type")
		rows := rapid.Int64Range(12, 80).Draw(rt, "rows")
		cols := rapid.Int64Range(12, 80).Draw(rt, "columns")
		x := noise(t, rapid.Uint64Range(0, 1000).Draw(rt, "seed"), d, rows, cols)
		row := rapid.Int64Range(1, rows-1).Draw(rt, "row")
		want := ""
		var y formats.Tensor
		var err error
		half := func(n, of int64) int64 { // the shorter way round
			if n > of/2 {
				return n - of
			}
			return n
		}
		switch rapid.IntRange(0, 8).Draw(rt, "mistake") {
		case 0:
			y, err = view.Transpose(x)
			want = "transposed: exactly REF's transpose"
		case 1:
			n := half(row, rows)
			if rows%2 == 0 && n == -rows/2 {
				n = -n
			}
			y, err = view.Gather(x, rows, func(i int64) int64 { return (i + rows - row) % rows })
			want = "rolled by " + plural(n, "row")
		case 2:
			n := rapid.Int64Range(1, cols-1).Draw(rt, "n")
			y, err = view.Roll(x, n)
			want = "rolled by " + plural(n, "element")
		case 3:
			c := rapid.SampledFrom([]float64{2, 0.5, 1.01, 0.125, 1.4142135623730951}).Draw(rt, "factor")
			y, err = view.Scale(x, c)
			want = "scaled by " + strings.TrimRight(fmt.Sprintf("%.3f", c), "0.")
		case 4:
			from := rapid.Int64Range(0, rows-1).Filter(func(i int64) bool { return i != row }).Draw(rt, "from")
			y, err = view.Gather(x, rows, func(i int64) int64 {
				if i == row {
					return from
				}
				return i
			})
			want = fmt.Sprintf("rows duplicated: row %d is REF's row %d", row, from)
		case 5:
			n := rapid.Int64Range(1, min(4, rows-row)).Draw(rt, "n")
			var some formats.Tensor
			if some, err = formats.Rows(x, row, row+n); err == nil {
				if some, err = view.Map(some, func(float64) float64 { return 0 }); err == nil {
					y, err = view.Replace(x, row, some)
				}
			}
			want = fmt.Sprintf("%s of %d changed: all zeros", span("row", row, row+n-1), rows)
		case 6:
			y, err = view.SwapBytes(x)
			want = "bytes swapped"
		case 7:
			y, err = view.Gather(x, rows+row, func(i int64) int64 { return i % rows })
			want = fmt.Sprintf("%d rows more than REF, ", row)
		case 8:
			i := rapid.Int64Range(0, rows*cols-1).Draw(rt, "element")
			w := d.BlockBytes()
			b := make([]byte, w)
			if err = formats.ReadFull(x.Data, b, i*w); err == nil {
				bit := rapid.Int64Range(0, 8*w-1).Draw(rt, "bit")
				b[bit/8] ^= 1 << (bit % 8)
				y = view.Patch(x, i*w, b)
				fraction := map[formats.DType]int64{formats.F16: 10, formats.BF16: 7, formats.F32: 23, formats.F64: 52}[d]
				switch {
				case bit == 8*w-1:
					want = "(the sign flipped)"
				case bit >= fraction:
					want = fmt.Sprintf("(bit %d of the exponent flipped)", bit-fraction)
				default:
					want = fmt.Sprintf("(bit %d of the fraction flipped)", bit)
				}
			}
		}
		if err != nil {
			rt.Fatal(err)
		}
		r := one(t, headed(), x, y, "model.layers.0.mlp.gate_proj.weight")
		if len(r.Failures) != 1 || !strings.Contains(r.Failures[0].Diagnosis, want) {
			rt.Fatalf("%s [%d %d]: %+v, want %q", d, rows, cols, r.Failures, want)
		}
	})
}

// TestAnything: whatever two tensors are, there is an answer; and it is yes if
// they are the same.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(of string) formats.Tensor {
			d := formats.DType(rapid.IntRange(1, int(formats.Q2_0)).Draw(rt, "type of "+of))
			shape := rapid.SliceOfN(rapid.Int64Range(0, 9), 0, 3).Draw(rt, "shape of "+of)
			if rapid.Bool().Draw(rt, "square") {
				shape = []int64{32, 32}
			}
			if e := d.BlockElems(); e > 1 {
				shape = append(shape, e)
			}
			n, err := formats.BytesOf(d, shape)
			if err != nil {
				rt.Fatal(err)
			}
			b := make([]byte, n)
			if rapid.Bool().Draw(rt, "noise") {
				r := rand.New(rand.NewPCG(uint64(n), uint64(d)))
				for i := range b {
					b[i] = byte(r.Uint32())
				}
			}
			x, err := formats.NewTensor("x", d, shape, reader(b))
			if err != nil {
				rt.Fatal(err)
			}
			return x
		}
		x := draw("REF")
		y := x
		switch rapid.IntRange(0, 3).Draw(rt, "CAND") {
		case 0:
			y = draw("CAND")
		case 1:
			if d := rapid.SampledFrom([]formats.DType{formats.F32, formats.BF16, formats.Q8_0}).Draw(rt, "cast"); formats.CanCast(x.DType, d) {
				if c, err := formats.Cast(x, d, nil); err == nil {
					y = c
				}
			}
		case 2:
			if x.Bytes() > 0 {
				y = view.Patch(x, rapid.Int64Range(0, x.Bytes()-1).Draw(rt, "at"), []byte{rapid.Byte().Draw(rt, "byte")})
			}
		}
		name := rapid.SampledFrom([]string{qName, oName, "model.layers.0.self_attn.k_norm.weight", "lm_head.weight", "x"}).Draw(rt, "name")
		r := one(t, rapid.SampledFrom([]*olmo.Config{nil, headed(), {}}).Draw(rt, "config"), x, y, name)
		if _, err := json.Marshal(r); err != nil {
			rt.Fatal(err)
		}
		same := x.DType == y.DType && slices.Equal(x.Shape, y.Shape) && bytes.Equal(all(t, x), all(t, y))
		if same != (r.Identical == 1) || same && !r.Equal || r.Equal == (len(r.Failures) > 0) {
			rt.Fatalf("the same: %v; %+v", same, r)
		}
		for _, f := range r.Failures {
			if f.Diagnosis == "" {
				rt.Fatalf("no diagnosis: %+v", f)
			}
		}
	})
}

// all reads a tensor.
func all(t testing.TB, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNearly: a mistake with another on top is still recognised, and it is said
// where it does not hold.
func TestNearly(t *testing.T) {
	x := noise(t, 5, formats.BF16, 32, 32)
	for _, c := range []struct {
		name string
		make func() (formats.Tensor, error)
		want string
	}{
		{
			"transposed", func() (formats.Tensor, error) { return view.Transpose(x) },
			"transposed: in all but 1 of 32 rows (the first of these is 3) REF's transpose",
		},
		{"interleaved", func() (formats.Tensor, error) {
			return formats.PermuteRows(x, func(i int64) int64 { return i/8*8 + i%2*4 + i%8/2 })
		}, "rows permuted: from half-split to interleaved rotary pairs, in all but 1 of 32 rows (the first of these is 3)"},
	} {
		y, err := c.make()
		if err != nil {
			t.Fatal(err)
		}
		r := one(t, headed(), x, view.Patch(y, 3*64+10, []byte{1, 2}), qName)
		if len(r.Failures) != 1 || r.Failures[0].Diagnosis != c.want {
			t.Errorf("%s: %+v", c.name, r.Failures)
		}
	}
}

// TestNearlyOther: the values of another tensor, with a mistake in them.
func TestNearlyOther(t *testing.T) {
	m := open(t, "random:tiny")
	const name = "model.layers.1.mlp.gate_proj.weight"
	up := m.Tensors[slices.IndexFunc(m.Tensors, func(x formats.Tensor) bool { return x.Name == "model.layers.1.mlp.up_proj.weight" })]
	at := up.Elements()/2*2 + 64 // no sample
	r := compare(t, m, with(t, m, func(formats.Tensor) formats.Tensor { return view.Patch(up, at, []byte{1, 2}).WithName(name) }, name))
	want := fmt.Sprintf("holds REF's values of mlp.up_proj, in all but 1 of 96 rows (the first of these is %d)", at/2/64)
	if len(r.Failures) != 1 || r.Failures[0].Diagnosis != want {
		t.Errorf("%+v, want %s", r.Failures, want)
	}
}

// TestLarge: what is found in small matrices is found in those of many pieces.
func TestLarge(t *testing.T) {
	const n = 1100
	x := noise(t, 6, formats.BF16, n, n)
	for _, c := range []struct {
		make func() (formats.Tensor, error)
		want string
	}{
		{func() (formats.Tensor, error) { return view.Transpose(x) }, "transposed: exactly"},
		{func() (formats.Tensor, error) { return view.Roll(x, -3) }, "rolled by -3 elements"},
		{func() (formats.Tensor, error) { return view.Scale(x, 0.7) }, "scaled by 0.7, exactly"},
		{func() (formats.Tensor, error) {
			return formats.PermuteRows(x, func(i int64) int64 { return i * 7 % n })
		}, "rows in another order: 1098 of 1100 moved"},
	} {
		y, err := c.make()
		if err != nil {
			t.Fatal(err)
		}
		if r := one(t, headed(), x, y, qName); len(r.Failures) != 1 || !strings.HasPrefix(r.Failures[0].Diagnosis, c.want) {
			t.Errorf("%+v, want %s", r.Failures, c.want)
		}
	}
}

// TestJSON: the fields that pipelines read.
func TestJSON(t *testing.T) {
	x := noise(t, 1, formats.F32, 4, 8)
	b, err := json.Marshal(one(t, nil, x, noise(t, 2, formats.F32, 4, 8), "x"))
	if err != nil {
		t.Fatal(err)
	}
	keys := func(b []byte) []string {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		var ks []string
		for k, v := range m {
			if string(v) == "null" {
				t.Errorf("%s is null", k)
			}
			ks = append(ks, k)
		}
		slices.Sort(ks)
		return ks
	}
	want := "bounded cast config_changes equal extra failures identical missing more_failures non_finite notes quantised summary tensors tokenizer_changes"
	if got := strings.Join(keys(b), " "); got != want {
		t.Errorf("a report has %s, want %s", got, want)
	}
	var r struct{ Failures []json.RawMessage }
	if err := json.Unmarshal(b, &r); err != nil || len(r.Failures) != 1 {
		t.Fatal(err)
	}
	want = "cand_dtype cand_inf cand_nan cand_shape cand_value changed changed_rows cosine diagnosis first layer max_abs measured module name ref_dtype ref_inf ref_nan ref_shape ref_value rel_rms rule ulp"
	if got := strings.Join(keys(r.Failures[0]), " "); got != want {
		t.Errorf("a failure has %s, want %s", got, want)
	}
}
