package formats

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A model is a tensor made of views, beside the bytes that it must have.
type model struct {
	tensor Tensor
	bytes  []byte
}

// modeler draws models. Their first dimension varies; rest follows it.
type modeler struct {
	file  *os.File // of random bytes, in which some base tensors lie
	size  int64
	rest  []int64
	casts bool // rest is whole blocks, so that there may be casts
}

func (m modeler) draw(t *rapid.T, d DType, depth int) model {
	if depth == 0 {
		return m.base(t, d)
	}
	kinds := []string{"base", "rows", "join", "permute"}
	if m.casts {
		kinds = append(kinds, "cast", "cast")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "rows":
		return m.rows(t, m.draw(t, d, depth-1))
	case "join":
		var parts []model
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			parts = append(parts, m.draw(t, d, depth-1))
		}
		return joinModels(t, parts)
	case "permute":
		return permuteModel(t, m.draw(t, d, depth-1))
	case "cast":
		from := rapid.SampledFrom([]DType{F64, F32, F16, BF16, Q8_0}).Draw(t, "from")
		return castModel(t, m.draw(t, from, depth-1), d)
	}
	return m.base(t, d)
}

func (m modeler) base(t *rapid.T, d DType) model {
	shape := append([]int64{rapid.Int64Range(0, 4).Draw(t, "rows")}, m.rest...)
	n, err := BytesOf(d, shape)
	if err != nil {
		t.Fatal(err)
	}
	off := rapid.Int64Range(0, m.size-n).Draw(t, "at")
	b := make([]byte, n)
	if err := ReadFull(m.file, b, off); err != nil {
		t.Fatal(err)
	}
	var data Data = bytes.NewReader(b)
	if rapid.Bool().Draw(t, "in a file") {
		data = io.NewSectionReader(m.file, off, n)
	}
	x, err := NewTensor("base", d, shape, data)
	return model{must(t, x, err), b}
}

func (m modeler) rows(t *rapid.T, x model) model {
	lo := rapid.Int64Range(0, x.tensor.Shape[0]).Draw(t, "lo")
	hi := rapid.Int64Range(lo, x.tensor.Shape[0]).Draw(t, "hi")
	y, err := Rows(x.tensor, lo, hi)
	row := x.tensor.RowBytes()
	return model{must(t, y, err), x.bytes[lo*row : hi*row]}
}

func joinModels(t *rapid.T, parts []model) model {
	var ts []Tensor
	var b []byte
	for _, p := range parts {
		ts = append(ts, p.tensor)
		b = append(b, p.bytes...)
	}
	x, err := JoinRows("joined", ts...)
	return model{must(t, x, err), b}
}

func permuteModel(t *rapid.T, x model) model {
	n := x.tensor.Shape[0]
	order := rapid.Permutation(upTo(n)).Draw(t, "order")
	y, err := PermuteRows(x.tensor, func(i int64) int64 { return order[i] })
	row := x.tensor.RowBytes()
	var b []byte
	for _, from := range order {
		b = append(b, x.bytes[from*row:(from+1)*row]...)
	}
	return model{must(t, y, err), b}
}

func upTo(n int64) []int64 {
	s := make([]int64, n)
	for i := range s {
		s[i] = int64(i)
	}
	return s
}

func castModel(t *rapid.T, x model, to DType) model {
	y, err := Cast(x.tensor, to, nil)
	y = must(t, y, err)
	if x.tensor.DType == to {
		return model{y, x.bytes}
	}
	return model{y, castBytes(x.bytes, x.tensor.DType, to, x.tensor.Elements())}
}

// castBytes is Cast of all of a tensor at once.
func castBytes(b []byte, from, to DType, elems int64) []byte {
	floats := make([]float32, elems)
	codecs[from].decode(floats, b)
	out := make([]byte, elems/to.BlockElems()*to.BlockBytes())
	codecs[to].encode(out, floats)
	return out
}

func must(t *rapid.T, x Tensor, err error) Tensor {
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Reading any range of any nest of views gives the bytes of doing each step on
// everything; and where a view says that its bytes lie in files, there they are.
func TestViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	b := make([]byte, 8<<10)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rapid.Check(t, func(t *rapid.T) {
		// Types, and for each what may follow the rows.
		kind := rapid.SampledFrom([]struct {
			d     DType
			rest  []int64
			casts bool
		}{
			{U8, nil, false},
			{U8, []int64{3, 0}, false},
			{F32, []int64{5}, false},
			{F4, []int64{3, 2}, false},
			{Q4_K, []int64{256}, false},
			{F32, []int64{2, 32}, true},
			{F16, []int64{32}, true},
			{BF16, []int64{64}, true},
			{Q8_0, []int64{64}, true},
			{F64, []int64{2, 32}, true},
		}).Draw(t, "type")
		m := modeler{f, int64(len(b)), kind.rest, kind.casts}
		x := m.draw(t, kind.d, rapid.IntRange(0, 4).Draw(t, "depth"))
		size := int64(len(x.bytes))
		if x.tensor.Bytes() != size || x.tensor.DType != kind.d || !slices.Equal(x.tensor.Shape[1:], kind.rest) {
			t.Fatalf("%s %v of %d bytes, want %s %v of %d", x.tensor.DType, x.tensor.Shape, x.tensor.Bytes(), kind.d, kind.rest, size)
		}
		if want, err := BytesOf(kind.d, x.tensor.Shape); err != nil || want != size {
			t.Fatalf("%v takes %d bytes, %v, want %d", x.tensor.Shape, want, err, size)
		}
		for range 4 {
			checkRange(t, x, rapid.Int64Range(0, size+2).Draw(t, "offset"), rapid.Int64Range(0, size+2).Draw(t, "length"))
		}
		checkRange(t, x, 0, size)
		if n, err := x.tensor.Data.ReadAt(make([]byte, 1), -1); n != 0 || err == nil {
			t.Fatalf("read %d bytes at -1: %v", n, err)
		}
	})
}

func checkRange(t *rapid.T, x model, off, n int64) {
	size := int64(len(x.bytes))
	p := make([]byte, n)
	k, err := x.tensor.Data.ReadAt(p, off)
	want := x.bytes[min(off, size):min(off+n, size)]
	if !bytes.Equal(p[:k], want) {
		t.Fatalf("[%d,%d) of %d is\n%x, want\n%x", off, off+n, size, p[:k], want)
	}
	if int64(k) < n && err != io.EOF || int64(k) == n && err != nil && err != io.EOF {
		t.Fatalf("read %d of %d: %v", k, n, err)
	}
	if off+n > size {
		return
	}
	extents, ok := Extents(x.tensor.Data, off, n)
	if !ok {
		return
	}
	var got []byte
	for _, e := range extents {
		b := make([]byte, e.N)
		if err := ReadFull(e.File, b, e.Off); err != nil {
			t.Fatal(err)
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("extents of [%d,%d) are %x, want %x", off, off+n, got, want)
	}
}

func zeros(t *testing.T, name string, d DType, shape ...int64) Tensor {
	t.Helper()
	n, err := BytesOf(d, shape)
	if err != nil {
		t.Fatal(err)
	}
	x, err := NewTensor(name, d, shape, bytes.NewReader(make([]byte, n)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestViewErrors(t *testing.T) {
	rows := func(x Tensor, lo, hi int64) error { _, err := Rows(x, lo, hi); return err }
	join := func(ts ...Tensor) error { _, err := JoinRows("j", ts...); return err }
	permute := func(x Tensor) error { _, err := PermuteRows(x, nil); return err }
	x := zeros(t, "x", F32, 4, 2)
	huge := x
	huge.Shape, huge.Data = []int64{1 << 62, 2}, sized(1<<62)
	for _, c := range []struct {
		err  error
		want string
	}{
		{rows(x, 0, 5), `tensor "x": rows [0,5) of 4`},
		{rows(x, -1, 2), `tensor "x": rows [-1,2) of 4`},
		{rows(x, 3, 2), `tensor "x": rows [3,2) of 4`},
		{rows(zeros(t, "s", F32), 0, 0), `tensor "s": rows [0,0) of a scalar`},
		{rows(zeros(t, "q", Q8_0, 64), 0, 33), `tensor "q": rows [0,33): rows of 33 elements do not fill whole Q8_0 blocks`},
		{rows(zeros(t, "q", Q8_0, 96), 16, 48), `tensor "q": rows [16,48): rows of 16 elements`},
		{rows(zeros(t, "f", F4, 4, 3), 1, 3), `tensor "f": rows [1,3): 3 elements of F4 do not fill whole blocks of 2`},
		{rows(zeros(t, "f", F4, 4, 3), 0, 3), `tensor "f": rows [0,3): 9 elements of F4`},
		{rows(zeros(t, "f", F4, 4, 3), 2, 4), ""},
		{rows(zeros(t, "q", Q8_0, 96), 32, 96), ""},
		{join(), `tensor "j": joined from nothing`},
		{join(zeros(t, "s", F32)), `tensor "j": joined from scalars`},
		{join(x, zeros(t, "y", F16, 4, 2)), `tensor "j": "y" is F16 [4 2] and does not fit "x", F32 [4 2]`},
		{join(x, zeros(t, "y", F32, 4, 3)), `tensor "j": "y" is F32 [4 3] and does not fit "x"`},
		{join(x, zeros(t, "y", F32, 8)), `tensor "j": "y" is F32 [8] and does not fit "x"`},
		{join(huge, huge), `tensor "j": 4611686018427387904 + 4611686018427387904 overflows`},
		{permute(zeros(t, "s", F32)), `tensor "s": a scalar has no rows to permute`},
		{permute(zeros(t, "q", Q8_0, 64)), `tensor "q": rows of Q8_0 [64]: 1 elements of Q8_0 do not fill`},
		{permute(zeros(t, "f", F4, 4, 3)), `tensor "f": rows of F4 [4 3]: 3 elements of F4 do not fill`},
		{permute(zeros(t, "q", Q8_0, 2, 32)), ""},
	} {
		wantErr(t, c.err, c.want)
	}
}

// sized is data of that many bytes, which nobody reads.
type sized int64

func (s sized) Size() int64                       { return int64(s) }
func (s sized) ReadAt([]byte, int64) (int, error) { return 0, errors.New("read") }

// A permutation that leaves the tensor is an error of the read, not a panic.
func TestPermuteOutside(t *testing.T) {
	for _, from := range []int64{-1, 4} {
		x, err := PermuteRows(zeros(t, "x", F32, 4, 2), func(int64) int64 { return from })
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Data.ReadAt(make([]byte, 8), 8)
		wantErr(t, err, fmt.Sprintf("row 1 is taken from row %d of 4", from))
	}
}

// What goes wrong below is passed up by every view.
func TestReadErrors(t *testing.T) {
	x := Tensor{Name: "x", DType: F32, Shape: []int64{4, 2}, Data: sized(32)}
	r, err1 := Rows(x, 1, 3)
	j, err2 := JoinRows("j", zeros(t, "y", F32, 1, 2), x)
	p, err3 := PermuteRows(x, func(i int64) int64 { return 3 - i })
	c, err4 := Cast(x, BF16, nil)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	for _, v := range []Tensor{r, j, p, c} {
		err := ReadFull(v.Data, make([]byte, v.Bytes()), 0)
		wantErr(t, err, "read")
		if errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", v.Name, err)
		}
	}
}

// Views keep where a tensor comes from; the offset only as long as the bytes
// are one range of the file.
func TestViewOrigin(t *testing.T) {
	x := zeros(t, "x", F32, 4, 2)
	x.Origin = Origin{"old", "file", 100}
	r, err1 := Rows(x, 1, 3)
	rr, err2 := Rows(r, 1, 2)
	j, err3 := JoinRows("j", x, x)
	jr, err4 := Rows(j, 4, 6)
	p, err5 := PermuteRows(x, func(i int64) int64 { return i })
	c, err6 := Cast(x, BF16, nil)
	same, err7 := Cast(x, F32, nil)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		t.Fatal(err)
	}
	for i, v := range []struct {
		t    Tensor
		want int64
	}{{r, 108}, {rr, 116}, {j, -1}, {jr, -1}, {p, -1}, {c, -1}, {same, 100}} {
		if v.t.Origin != (Origin{"old", "file", v.want}) {
			t.Errorf("view %d: origin %+v, want offset %d", i, v.t.Origin, v.want)
		}
	}
	if x.Shape[0] != 4 || x.Origin.Offset != 100 {
		t.Errorf("a view changed its tensor: %+v", x)
	}
}
