package stats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"olmotool/formats"
)

// TestThreads: neither their number nor who was first changes a bit.
func TestThreads(t *testing.T) {
	var ts []formats.Tensor
	const rows, cols = 601, 1000 // three pieces, of which the last is not full, and rows cross from one to the next
	for i, d := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
		b := normal(d, rows*cols, uint64(i))
		w := int(d.BlockBytes())
		copy(b[577_777*w:], encode(d, math.Inf(1)))
		copy(b[500_000*w:], encode(d, math.NaN()))
		ts = append(ts, tensorOf(t, d, b, rows, cols), tensorOf(t, d, normal(d, 10, 1), 10), tensorOf(t, d, normal(d, rows*cols, 3), rows*cols))
	}
	for _, exact := range []bool{false, true} {
		var want []byte
		for _, threads := range []int{1, 2, 3, 40} {
			var got []*Stats
			err := All(t.Context(), ts, Options{Threads: threads, Exact: exact}, func(i int, s *Stats) error {
				if i != len(got) {
					t.Errorf("%d threads: tensor %d came after %d others", threads, i, len(got))
				}
				got = append(got, s)
				return nil
			})
			if err != nil || len(got) != len(ts) {
				t.Fatalf("%d threads: found %d of %d, %v", threads, len(got), len(ts), err)
			}
			b, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = b
			}
			if !bytes.Equal(b, want) {
				t.Errorf("%d threads found something else than one", threads)
			}
			if first := got[0].FirstNonFinite; !slices.Equal(first, []int64{500, 0}) {
				t.Errorf("first that is not finite: found %v", first)
			}
		}
	}
}

func TestUnsupported(t *testing.T) {
	ts := []formats.Tensor{
		tensorOf(t, formats.C64, make([]byte, 16), 2),
		tensorOf(t, formats.F32, encode(formats.F32, 3), 1),
		tensorOf(t, formats.F4, make([]byte, 1), 2),
		tensorOf(t, formats.U8, nil, 0, 7),
	}
	var got []*Stats
	if err := All(t.Context(), ts, Options{}, func(_ int, s *Stats) error { got = append(got, s); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || got[0] != nil || got[1].Max != 3 || got[2] != nil || got[3].Elements != 0 {
		t.Errorf("found %v", got)
	}
	if _, err := Of(t.Context(), ts[0], Options{}); err == nil || err.Error() != `f: tensor "x": found C64, expected a type whose values can be read` {
		t.Errorf("found %v", err)
	}
	if Supported(formats.C64) || !Supported(formats.Q8_0) || !Supported(formats.F8E8M0) || Supported(formats.InvalidDType) {
		t.Error("Supported is wrong")
	}
}

// TestEmpty: of nothing there are no numbers, and JSON says null.
func TestEmpty(t *testing.T) {
	for _, x := range []formats.Tensor{
		tensorOf(t, formats.F32, nil, 0, 3),
		tensorOf(t, formats.BF16, nil, 0),
		tensorOf(t, formats.F64, encode(formats.F64, math.NaN(), math.NaN()), 2),
		tensorOf(t, formats.BF16, encode(formats.BF16, math.NaN()), 1),
	} {
		s := of(t, x, Options{})
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"min":null`, `"max":null`, `"mean":null`, `"std":null`, `"rms":null`, `"absmax":null`, `"quantiles":[null,`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s %v: found %s, want %s", x.DType, x.Shape, b, want)
			}
		}
		if s.NaN != x.Elements() || s.Exponents.Counts != nil || s.Histogram.Counts != nil || s.Dead != nil {
			t.Errorf("found %+v", s)
		}
	}
}

// data is Data that does something else.
type data struct {
	*bytes.Reader
	read func(off int64) error
}

func (d data) ReadAt(p []byte, off int64) (int, error) {
	if err := d.read(off); err != nil {
		return 0, err
	}
	return d.Reader.ReadAt(p, off)
}

// TestErrors: what goes wrong names file and tensor, in the first pass and in the
// next.
func TestErrors(t *testing.T) {
	b := normal(formats.F32, 4*pieceElems, 1)
	for _, c := range []struct {
		fault func() error
		want  string
	}{
		{func() error { return errors.New("on fire") }, `f: tensor "x\n": read 0 of 1048576 bytes at 3145728: on fire`},
		{func() error { panic("no such row") }, `f: tensor "x\n": panic: no such row`},
	} {
		for _, threads := range []int{1, 4} {
			for pass := range 3 {
				var reads atomic.Int64
				read := func(off int64) error {
					if off == 3*4*pieceElems && reads.Add(1) > int64(pass) {
						return c.fault()
					}
					return nil
				}
				x := formats.Tensor{Name: "x\n", DType: formats.F32, Shape: []int64{4 * pieceElems}, Data: data{bytes.NewReader(b), read}}
				x.Origin.File = "f"
				_, err := Of(t.Context(), x, Options{Threads: threads, Exact: true})
				if fe := (*formats.Error)(nil); !errors.As(err, &fe) || err.Error() != c.want {
					t.Errorf("pass %d, %d threads: found %v, want %s", pass, threads, err, c.want)
				}
			}
		}
	}
}

func TestStop(t *testing.T) {
	ts := make([]formats.Tensor, 50)
	for i := range ts {
		ts[i] = tensorOf(t, formats.BF16, normal(formats.BF16, 100, 1), 100)
	}
	stop := errors.New("enough")
	for _, threads := range []int{1, 4} {
		calls := 0
		err := All(t.Context(), ts, Options{Threads: threads}, func(i int, _ *Stats) error {
			if calls++; i == 3 {
				return stop
			}
			return nil
		})
		if err != stop || calls != 4 {
			t.Errorf("found %v after %d calls", err, calls)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = All(ctx, ts, Options{Threads: threads}, func(i int, _ *Stats) error {
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("found %v", err)
		}
	}
	wrong := formats.Tensor{Name: "x", DType: formats.F32, Shape: []int64{1 << 40, 1 << 40}, Data: bytes.NewReader(nil)}
	wrong.Origin.File = "f"
	if _, err := Of(t.Context(), wrong, Options{}); err == nil || !strings.Contains(err.Error(), "overflows") {
		t.Errorf("found %v", err)
	}
	wrong.Shape = []int64{3}
	if _, err := Of(t.Context(), wrong, Options{}); err == nil || err.Error() != `f: tensor "x": found 0 bytes, expected 12 for F32 [3]` {
		t.Errorf("found %v", err)
	}
}

func TestProgress(t *testing.T) {
	var n atomic.Int64
	ts := []formats.Tensor{
		tensorOf(t, formats.BF16, normal(formats.BF16, 300_000, 1), 300_000),
		tensorOf(t, formats.Q8_0, make([]byte, 34*10000), 10000, 32),
		tensorOf(t, formats.F32, normal(formats.F32, 300_000, 1), 300_000),
	}
	err := All(t.Context(), ts, Options{Threads: 2, Exact: true, Progress: func(k int64) { n.Add(k) }}, func(int, *Stats) error { return nil })
	if want := int64(600_000 + 340_000 + 1_200_000); err != nil || n.Load() != want {
		t.Errorf("told of %d bytes, want %d; %v", n.Load(), want, err)
	}
}
