package view

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
)

// matrix returns a tensor whose element i is i, and its values.
func matrix(t testing.TB, d formats.DType, shape ...int64) (formats.Tensor, []float64) {
	t.Helper()
	n, err := formats.ElementsOf(shape)
	if err != nil {
		t.Fatal(err)
	}
	vals := make([]float64, n)
	b := make([]byte, 8*n)
	for i := range vals {
		vals[i] = float64(i + 1)
		binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(vals[i]))
	}
	x, err := formats.NewTensor("x", formats.F64, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if x, err = formats.Cast(x, d, nil); err != nil {
		t.Fatal(err)
	}
	return x, vals
}

// values reads all of a tensor.
func values(t testing.TB, x formats.Tensor) []float64 {
	t.Helper()
	if n, err := formats.BytesOf(x.DType, x.Shape); err != nil || n != x.Bytes() {
		t.Fatalf("%s %v of %d bytes, %v", x.DType, x.Shape, x.Bytes(), err)
	}
	x, err := formats.Cast(x, formats.F64, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	v := make([]float64, len(b)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v
}

func must(x formats.Tensor, err error) func(testing.TB) formats.Tensor {
	return func(t testing.TB) formats.Tensor {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

// TestViews holds each view to what it is, element by element, in every plain
// type. Values are whole numbers that every type has.
func TestViews(t *testing.T) {
	const rows, cols = 7, 5
	for _, d := range []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16} {
		x, v := matrix(t, d, rows, cols)
		for _, c := range []struct {
			name  string
			view  formats.Tensor
			shape []int64
			want  func(i int) float64
		}{
			{"transpose", must(Transpose(x))(t), []int64{cols, rows}, func(i int) float64 { return v[i%rows*cols+i/rows] }},
			{"roll", must(Roll(x, 3))(t), x.Shape, func(i int) float64 { return v[(i+len(v)-3)%len(v)] }},
			{"roll back", must(Roll(x, -37))(t), x.Shape, func(i int) float64 { return v[(i+2)%len(v)] }},
			{"scale", must(Scale(x, 2))(t), x.Shape, func(i int) float64 { return 2 * v[i] }},
			{"map", must(Map(x, func(x float64) float64 { return -x }))(t), x.Shape, func(i int) float64 { return -v[i] }},
			{"gather", must(Gather(x, 9, func(i int64) int64 { return i / 2 }))(t), []int64{9, cols}, func(i int) float64 { return v[i/cols/2*cols+i%cols] }},
			{"columns", Columns(x, func(dst, src []byte) {
				w := len(src) / cols
				copy(dst[copy(dst, src[w:]):], src[:w])
			}), x.Shape, func(i int) float64 { return v[i/cols*cols+(i%cols+1)%cols] }},
			{"replace", must(Replace(x, 3, must(formats.Rows(x, 0, 2))(t)))(t), x.Shape, func(i int) float64 {
				if r := i / cols; r == 3 || r == 4 {
					return v[i-3*cols]
				}
				return v[i]
			}},
			{"twice swapped", must(SwapBytes(must(SwapBytes(x))(t)))(t), x.Shape, func(i int) float64 { return v[i] }},
		} {
			if !slices.Equal(c.view.Shape, c.shape) || c.view.DType != d {
				t.Errorf("%s of %s: %s %v, want %v", c.name, d, c.view.DType, c.view.Shape, c.shape)
				continue
			}
			for i, got := range values(t, c.view) {
				if got != c.want(i) {
					t.Errorf("%s of %s: element %d is %v, want %v", c.name, d, i, got, c.want(i))
					break
				}
			}
		}
	}
}

func TestBytes(t *testing.T) {
	x, _ := matrix(t, formats.BF16, 4)
	all := func(x formats.Tensor) []byte {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := all(x)
	if got := all(must(SwapBytes(x))(t)); !bytes.Equal(got, []byte{b[1], b[0], b[3], b[2], b[5], b[4], b[7], b[6]}) {
		t.Errorf("swapped: %x of %x", got, b)
	}
	if got := all(Bytes(x, 1, 7)); !bytes.Equal(got, b[1:7]) {
		t.Errorf("bytes: %x of %x", got, b)
	}
	if got := all(Patch(x, 3, []byte{9, 8})); !bytes.Equal(got, []byte{b[0], b[1], b[2], 9, 8, b[5], b[6], b[7]}) {
		t.Errorf("patched: %x of %x", got, b)
	}
}

// TestRanges: whatever range is read, it is that of the whole, with an end of
// file at the end.
func TestRanges(t *testing.T) {
	x, _ := matrix(t, formats.F32, 6, 4)
	views := []formats.Tensor{
		must(Transpose(x))(t), must(Roll(x, 5))(t), must(Scale(x, 3))(t), Columns(x, func(dst, src []byte) { copy(dst, src) }),
		must(Gather(x, 11, func(i int64) int64 { return i % 6 }))(t), Patch(x, 7, []byte{1, 2, 3}),
	}
	rapid.Check(t, func(t *rapid.T) {
		v := views[rapid.IntRange(0, len(views)-1).Draw(t, "view")]
		whole := make([]byte, v.Bytes())
		if err := formats.ReadFull(v.Data, whole, 0); err != nil {
			t.Fatal(err)
		}
		off := rapid.IntRange(0, len(whole)+3).Draw(t, "off")
		p := make([]byte, rapid.IntRange(0, len(whole)+3).Draw(t, "len"))
		n, err := v.Data.ReadAt(p, int64(off))
		want := whole[min(off, len(whole)):min(off+len(p), len(whole))]
		if !bytes.Equal(p[:n], want) || (n < len(p)) != (err == io.EOF) {
			t.Fatalf("read %d at %d: got %d bytes, %v", len(p), off, n, err)
		}
	})
}

// TestRefused: what cannot be viewed, and sources that are wrong.
func TestRefused(t *testing.T) {
	x, _ := matrix(t, formats.F32, 4, 32)
	q := must(formats.Cast(x, formats.Q8_0, nil))(t)
	scalar := x
	scalar.Shape = nil
	for name, err := range map[string]error{
		"transpose of blocks":   second(Transpose(q)),
		"transpose of a vector": second(Transpose(Flat(x))),
		"bytes of blocks":       second(SwapBytes(q)),
		"rows of a scalar":      second(Gather(scalar, 1, func(int64) int64 { return 0 })),
		"too many rows":         second(Gather(x, 1<<62, func(int64) int64 { return 0 })),
		"replacing a scalar":    second(Replace(scalar, 0, x)),
		"replacing too much":    second(Replace(x, 1, x)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	far := must(Gather(x, 1, func(int64) int64 { return 4 }))(t)
	if _, err := far.Data.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a row from outside is read")
	}
	if _, err := must(Transpose(x))(t).Data.ReadAt(nil, -1); err == nil {
		t.Error("a negative offset is read")
	}
}

func second(_ formats.Tensor, err error) error { return err }
