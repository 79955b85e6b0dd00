package values

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"olmotool/formats"
)

// counting holds the numbers from 0 on; it counts the
// bytes that are read.
type counting struct {
	*bytes.Reader
	read int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.read += len(p)
	return c.Reader.ReadAt(p, off)
}

func numbers(t testing.TB, shape ...int64) (formats.Tensor, *counting) {
	t.Helper()
	n, err := formats.ElementsOf(shape)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 0, 4*n)
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	c := &counting{Reader: bytes.NewReader(b)}
	x, err := formats.NewTensor("x", formats.U32, shape, c)
	if err != nil {
		t.Fatal(err)
	}
	x.Origin.File = "f"
	return x, c
}

func read(t testing.TB, x formats.Tensor, index string) (*Values, error) {
	t.Helper()
	i, err := ParseIndex(index)
	if err != nil {
		return nil, err
	}
	s, err := i.Select(x.Shape)
	if err != nil {
		return nil, err
	}
	return Read(t.Context(), x, s)
}

// TestGolden compares with numpy.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Shape     []int64 `json:"shape"`
		Index     string  `json:"index"`
		Fails     bool    `json:"fails"`
		WantShape []int64 `json:"want_shape"`
		Want      []int64 `json:"want"`
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		x, _ := numbers(t, c.Shape...)
		v, err := read(t, x, c.Index)
		if c.Fails || err != nil {
			if !c.Fails || err == nil {
				t.Errorf("%v[%s]: found %v, numpy fails: %v", c.Shape, c.Index, err, c.Fails)
			}
			continue
		}
		got := make([]int64, len(v.Text))
		for i, s := range v.Text {
			if got[i], err = strconv.ParseInt(s, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(v.Shape, c.WantShape) || !slices.Equal(got, c.Want) {
			t.Errorf("%v[%s]: found %v %v, numpy says %v %v", c.Shape, c.Index, v.Shape, got, c.WantShape, c.Want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, name, index, err string }{
		{"a", "a", "...", ""},
		{"a[0:4, 0:8]", "a", "0:4,0:8", ""},
		{"a[0][::2]", "a[0]", "::2", ""},
		{"a[...,-1]", "a", "...,-1", ""},
		{"a[3:1:-1]x", "a[3:1:-1]x", "...", ""},
		{"[1]", "", "1", ""},
		{"a[]", "a", "", `found the index "", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[1,]", "a", "", `found the index "", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[1:2:3:4]", "a", "", `found the index "1:2:3:4", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[1.5]", "a", "", `found the index "1.5", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[99999999999999999999]", "a", "", `found the index "99999999999999999999", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[::0]", "a", "", `found the step 0 in "::0", expected another`},
		{"a[...,...]", "a", "", `found "...,...", expected at most 64 dimensions and one ellipsis`},
		{"a[\x1b[2J]", "a[\x1b", "", `found the index "2J", expected an integer, START:STOP:STEP or an ellipsis`},
		{"a[" + strings.Repeat("1,", 64) + "1]", "a", "", `found "` + strings.Repeat("1,", 35) + `"…, expected at most 64 dimensions and one ellipsis`},
	} {
		name, x, err := Parse(c.in)
		if name != c.name {
			t.Errorf("%q: found the name %q, want %q", c.in, name, c.name)
		}
		if err != nil || c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: found %v, want %s", c.in, err, c.err)
			}
			continue
		}
		if x.String() != c.index {
			t.Errorf("%q: found %s, want %s", c.in, x, c.index)
		}
	}
}

// TestBytes: only what is needed is read.
func TestBytes(t *testing.T) {
	for _, c := range []struct {
		index string
		bytes int
	}{
		{"0:4,0:8", 4 * 8 * 4},
		{"7", 1000 * 4},
		{":,5", 100 * 4},
		{"0,::4", 997 * 4}, // they lie close together
		{"5:5", 0},
		{"::-1,0", 100 * 4},
	} {
		x, n := numbers(t, 100, 1000)
		if _, err := read(t, x, c.index); err != nil || n.read != c.bytes {
			t.Errorf("[%s]: found %d bytes read, want %d; %v", c.index, n.read, c.bytes, err)
		}
	}
	x, n := numbers(t, 10, 100_000)
	if v, err := read(t, x, "0,::50000"); err != nil || n.read != 8 || !slices.Equal(v.Text, []string{"0", "50000"}) {
		t.Errorf("found %d bytes read: %v, %v", n.read, v, err)
	}
}

func TestShortened(t *testing.T) {
	x, n := numbers(t, 300, 9, 500)
	i, err := ParseIndex("::-1,:,1:")
	if err != nil {
		t.Fatal(err)
	}
	s, err := i.Select(x.Shape)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), x, s); err == nil || err.Error() != `f: tensor "x": found 1347300 elements selected, expected at most 65536` {
		t.Errorf("found %v", err)
	}
	v, err := Read(t.Context(), x, s.Shortened(2))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Shape, []int64{4, 4, 4}) || !slices.Equal(v.Gaps, []int64{2, 2, 2}) || n.read > 64*4 {
		t.Errorf("found %v %v and %d bytes", v.Shape, v.Gaps, n.read)
	}
	var want []string
	for _, a := range []int64{299, 298, 1, 0} {
		for _, b := range []int64{0, 1, 7, 8} {
			for _, c := range []int64{1, 2, 498, 499} {
				want = append(want, strconv.FormatInt((a*9+b)*500+c, 10))
			}
		}
	}
	if !slices.Equal(v.Text, want) {
		t.Errorf("found %v, want %v", v.Text, want)
	}
	if !slices.Equal(v.Places[0], []int64{299, 298, 1, 0}) || !slices.Equal(v.Places[2], []int64{1, 2, 498, 499}) {
		t.Errorf("found places %v", v.Places)
	}
	if same := s.Shortened(1000); !slices.Equal(same.Shape(), s.Shape()) || !slices.Equal(same.Gaps(), []int64{-1, -1, -1}) {
		t.Errorf("found %v %v", same.Shape(), same.Gaps())
	}
}

func TestTypes(t *testing.T) {
	f32 := binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.1))
	f32 = binary.LittleEndian.AppendUint32(f32, math.Float32bits(float32(math.Inf(-1))))
	f32 = binary.LittleEndian.AppendUint32(f32, math.Float32bits(float32(math.NaN())))
	f32 = binary.LittleEndian.AppendUint32(f32, 1)
	q8 := make([]byte, 34)
	q8[1], q8[2], q8[33] = 0x3c, 5, 0xff // a scale of one
	for _, c := range []struct {
		d     formats.DType
		data  []byte
		shape []int64
		index string
		want  string
	}{
		{formats.F32, f32, []int64{2, 2}, "...", `[[0.1,null],[null,1e-45]]`},
		{formats.F32, f32, []int64{2, 2}, "1,1", `1e-45`},
		{formats.F32, f32, []int64{2, 2}, "1:1", `[]`},
		{formats.BF16, []byte{0xa4, 0x3c}, nil, "...", `0.02`},
		{formats.Bool, []byte{1, 0}, []int64{2}, "::-1", `[false,true]`},
		{formats.Q8_0, q8, []int64{1, 32}, "0,::31", `[5,-1]`},
	} {
		x, err := formats.NewTensor("x", c.d, c.shape, bytes.NewReader(c.data))
		if err != nil {
			t.Fatal(err)
		}
		v, err := read(t, x, c.index)
		if err != nil {
			t.Errorf("%s: %v", c.d, err)
			continue
		}
		if b, err := json.Marshal(v); err != nil || string(b) != c.want {
			t.Errorf("%s[%s]: found %s, %v, want %s", c.d, c.index, b, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	x, _ := numbers(t, 4, 5)
	for _, c := range []struct{ index, want string }{
		{"4", "found index 4 in dimension 0, expected one of 4 elements: from -4 to 3"},
		{":,-6", "found index -6 in dimension 1, expected one of 5 elements: from -5 to 4"},
		{"0,0,0", "found an index of 3 dimensions, expected at most 2 for the shape [4 5]"},
	} {
		if _, err := read(t, x, c.index); err == nil || err.Error() != c.want {
			t.Errorf("[%s]: found %v, want %s", c.index, err, c.want)
		}
	}
	all, err := Index{}.Select(x.Shape)
	if err != nil {
		t.Fatal(err)
	}
	short := x
	short.Data = bytes.NewReader(make([]byte, 50))
	if _, err := Read(t.Context(), short, all); err == nil || err.Error() != `f: tensor "x": read 10 of 20 bytes at 40: unexpected EOF` {
		t.Errorf("found %v", err)
	}
	complex := x
	complex.DType = formats.C64
	if _, err := Read(t.Context(), complex, all); err == nil || err.Error() != `f: tensor "x": found C64, expected a type whose values can be read` {
		t.Errorf("found %v", err)
	}
	other := x
	other.Shape = []int64{20}
	if _, err := Read(t.Context(), other, all); err == nil {
		t.Error("another shape than was selected from")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, x, all); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
	if _, err := (Index{}).Select([]int64{1 << 40, 1 << 40}); err == nil {
		t.Error("a shape that overflows")
	}
}

// FuzzIndex: what is parsed prints as something that selects the same, and
// nothing outside the shape.
func FuzzIndex(f *testing.F) {
	for _, s := range []string{"", "...", "0:4,0:8", "-1", "::-1,...", " 1 : 3 ,0", "5:2:-2", "::9223372036854775807", "-9223372036854775808:"} {
		f.Add(s, int64(3), int64(5))
	}
	f.Fuzz(func(t *testing.T, s string, a, b int64) {
		x, err := ParseIndex(s)
		if err != nil {
			return
		}
		y, err := ParseIndex(x.String())
		if err != nil || y.String() != x.String() {
			t.Fatalf("%q prints as %q, which reads as %q, %v", s, x, y, err)
		}
		shape := []int64{a & 15, b & math.MaxInt32, 2}
		p, err := x.Select(shape)
		q, err2 := y.Select(shape)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("found %v and %v", err, err2)
		}
		if err != nil {
			return
		}
		if !slices.Equal(p.axes, q.axes) {
			t.Fatalf("found %v and %v", p.axes, q.axes)
		}
		for _, p := range []*Selection{p, p.Shortened(3)} {
			for d, a := range p.axes {
				if a.count < 0 || a.count > 0 && (min(a.place(0), a.place(a.count-1)) < 0 || max(a.place(0), a.place(a.count-1)) >= shape[d]) {
					t.Fatalf("%q selects %+v of %v", s, a, shape)
				}
			}
		}
	})
}
