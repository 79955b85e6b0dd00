package formats

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"
)

func TestBytesOf(t *testing.T) {
	for _, c := range []struct {
		d     DType
		shape []int64
		want  int64
		err   string
	}{
		{F32, nil, 4, ""},
		{F32, []int64{2, 3}, 24, ""},
		{F32, []int64{0}, 0, ""},
		{F32, []int64{5, 0, 7}, 0, ""},
		{F32, []int64{-1}, 0, "negative dimension -1 in shape [-1]"},
		{F32, []int64{0, -1}, 0, "negative dimension -1"},
		{U8, []int64{math.MaxInt64}, math.MaxInt64, ""},
		{U8, []int64{math.MaxInt64, 2}, 0, "shape [9223372036854775807 2]: 9223372036854775807 × 2 overflows"},
		{U8, []int64{1 << 32, 1 << 32, 1}, 0, "overflows"},
		{U8, []int64{1 << 32, 1 << 32, 0}, 0, "overflows"}, // at every step, not only in the end
		{F32, []int64{1 << 62}, 0, "overflows"},
		{F64, []int64{1 << 30, 1 << 30}, 0, "overflows"},
		{F4, []int64{3, 2}, 3, ""},
		{F4, []int64{2, 3}, 3, ""}, // rows of 1.5 bytes: the whole counts
		{F4, []int64{3, 3}, 0, "9 elements of F4 do not fill whole blocks of 2"},
		{F4, nil, 0, "1 elements of F4 do not fill"},
		{Q8_0, []int64{2, 32}, 68, ""},
		{Q8_0, []int64{32, 2}, 0, "rows of 2 elements do not fill whole Q8_0 blocks of 32"},
		{Q8_0, []int64{2, 16}, 0, "rows of 16 elements"}, // one block in all, but over two rows
		{Q8_0, []int64{4, 0}, 0, ""},
		{Q8_0, nil, 0, "1 elements of Q8_0 do not fill"},
		{Q4_K, []int64{256}, 144, ""},
		{Q8_K, []int64{1 << 40, 1 << 23}, 0, "overflows"},
		{InvalidDType, []int64{1}, 0, "invalid dtype"},
		{numDTypes, []int64{1}, 0, "invalid dtype"},
	} {
		got, err := BytesOf(c.d, c.shape)
		wantErr(t, err, c.err)
		if got != c.want {
			t.Errorf("BytesOf(%s, %v) = %d, want %d", c.d, c.shape, got, c.want)
		}
	}
}

func TestNewTensor(t *testing.T) {
	shape := []int64{2, 3}
	x, err := NewTensor("x", F32, shape, bytes.NewReader(make([]byte, 24)))
	if err != nil || x.Elements() != 6 || x.Bytes() != 24 || x.RowBytes() != 12 || x.WithName("y").Name != "y" || x.Name != "x" {
		t.Errorf("%+v, %v", x, err)
	}
	if shape[0] = 9; x.Shape[0] != 2 {
		t.Error("the tensor shares the shape that it was given")
	}
	for _, c := range []struct {
		d     DType
		shape []int64
		size  int
		err   string
	}{
		{F32, []int64{2, 3}, 23, `tensor "x": found 23 bytes, expected 24 for F32 [2 3]`},
		{F32, []int64{2, 3}, 25, `tensor "x": found 25 bytes, expected 24`},
		{F32, []int64{1 << 62}, 0, `tensor "x": 4611686018427387904 × 4 overflows`},
		{F32, []int64{-2}, 0, `tensor "x": negative dimension -2`},
		{InvalidDType, nil, 0, `tensor "x": invalid dtype 0`},
	} {
		_, err := NewTensor("x", c.d, c.shape, bytes.NewReader(make([]byte, c.size)))
		wantErr(t, err, c.err)
	}
	for _, shape := range [][]int64{nil, {0, 3}} {
		n, _ := BytesOf(F32, shape)
		x, err := NewTensor("x", F32, shape, bytes.NewReader(make([]byte, n)))
		if err != nil || x.RowBytes() != 0 {
			t.Errorf("%v: rows of %d bytes, %v", shape, x.RowBytes(), err)
		}
	}
}

func TestReadFull(t *testing.T) {
	r := bytes.NewReader([]byte("abcdef"))
	p := make([]byte, 3)
	if err := ReadFull(r, p, 3); err != nil || string(p) != "def" {
		t.Errorf("%q, %v", p, err)
	}
	if err := ReadFull(r, p[:0], 6); err != nil {
		t.Error(err)
	}
	err := ReadFull(r, p, 4)
	wantErr(t, err, "read 2 of 3 bytes at 4: unexpected EOF")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v is not io.ErrUnexpectedEOF", err)
	}
	broken := readerAt{iotest.ErrReader(errors.New("disk on fire"))}
	wantErr(t, ReadFull(broken, p, 0), "read 0 of 3 bytes at 0: disk on fire")
}

// readerAt reads from a stream, wherever it is asked to.
type readerAt struct{ io.Reader }

func (r readerAt) ReadAt(p []byte, _ int64) (int, error) { return r.Read(p) }
