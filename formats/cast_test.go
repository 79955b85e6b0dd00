package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// floatsOf returns a tensor of the values of x, in type d, of one row.
func floatsOf(t *testing.T, d DType, x ...float64) Tensor {
	t.Helper()
	b := make([]byte, 8*len(x))
	for i, v := range x {
		binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(v))
	}
	f, err := NewTensor("x", F64, []int64{1, int64(len(x))}, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f, err = Cast(f, d, nil); err != nil {
		t.Fatal(err)
	}
	return f
}

func readAll(t *testing.T, x Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCastErrors(t *testing.T) {
	for _, c := range []struct {
		x    Tensor
		to   DType
		want string
	}{
		{zeros(t, "x", I32, 2), F32, `tensor "x": no conversion from I32`},
		{zeros(t, "x", F32, 2), I32, `tensor "x": no conversion to I32`},
		{zeros(t, "x", F32, 2, 16), Q8_0, `tensor "x": rows of 16 elements do not fill whole Q8_0 blocks of 32`},
		{zeros(t, "x", F32), Q8_0, `tensor "x": 1 elements of Q8_0 do not fill`},
		{zeros(t, "x", F32, 2), InvalidDType, `tensor "x": no conversion to invalid`},
		{zeros(t, "x", I32, 2), I32, ""}, // the type that it has
	} {
		_, err := Cast(c.x, c.to, nil)
		wantErr(t, err, c.want)
	}
	for _, c := range []struct {
		from, to DType
		want     bool
	}{{F32, BF16, true}, {Q8_0, F64, true}, {I32, I32, true}, {I32, F32, false}, {F32, I32, false}} {
		if got := CanCast(c.from, c.to); got != c.want {
			t.Errorf("CanCast(%s, %s) = %v", c.from, c.to, got)
		}
	}
}

// A NaN stays one, and a cast to the same type changes no bit.
func TestCastNaN(t *testing.T) {
	signalling := []byte{1, 0, 0xa0, 0xff} // 0xffa00001
	x, err := NewTensor("x", F32, []int64{1}, bytes.NewReader(signalling))
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[DType]string{F32: "\x01\x00\xa0\xff", BF16: "\xe0\xff", F16: "\x00\xff", F64: "\x00\x00\x00\x20\x00\x00\xfc\xff"} {
		y, err := Cast(x, to, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, y); string(got) != want {
			t.Errorf("to %s: %x, want %x", to, got, want)
		}
	}
}

// Tensors of more elements than are converted at a time, at ranges that begin
// and end anywhere, from several goroutines.
func TestCastPieces(t *testing.T) {
	const elems = castElems*2 + 4096 + 32
	r := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, elems)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	for _, c := range []struct{ from, to DType }{{F32, BF16}, {BF16, F32}, {F32, Q8_0}, {Q8_0, F16}, {F16, Q8_0}, {F64, F32}} {
		x := floatsOf(t, c.from, values...)
		b := readAll(t, x)
		x.Data = bytes.NewReader(b)
		y, err := Cast(x, c.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := castBytes(b, c.from, c.to, elems)
		if !bytes.Equal(readAll(t, y), want) {
			t.Errorf("%s to %s differs from all at once", c.from, c.to)
		}
		var wg sync.WaitGroup
		for range 4 {
			off := r.Int64N(y.Bytes())
			n := r.Int64N(y.Bytes() - off)
			wg.Go(func() {
				p := make([]byte, n)
				if err := ReadFull(y.Data, p, off); err != nil || !bytes.Equal(p, want[off:off+n]) {
					t.Errorf("%s to %s differs at [%d,%d): %v", c.from, c.to, off, off+n, err)
				}
			})
		}
		wg.Wait()
	}
}

func TestCastStats(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	block := func(first ...float64) []float64 { return append(first, make([]float64, 32-len(first))...) }
	for _, c := range []struct {
		from, to         DType
		x                []float64
		over, under, nan int64
	}{
		{F32, F16, []float64{1, 65504, -65504, 6.2e-5, 0}, 0, 0, 0},
		{F32, F16, []float64{65519, 65520, -1e30, inf, -inf}, 2, 0, 0},
		{F32, F16, []float64{0x1p-24, 0x1p-25, -1e-30, 0, math.Copysign(0, -1)}, 0, 2, 0},
		{F32, F16, []float64{nan, 1, nan, -nan, 2, 3, 4, 5, nan}, 0, 0, 4},
		{F32, BF16, []float64{3.3e38, 3.4e38, -3.4e38, inf, nan, 1, 2, 3, 4}, 2, 0, 1},
		{F32, BF16, []float64{1e-40, 1e-42, 0x1p-149, -0x1p-149, 0}, 0, 3, 0},
		{BF16, F16, []float64{1e5, 1e-8, nan, 1}, 1, 1, 1},
		{F16, BF16, []float64{65504, 6e-8, inf, 1}, 0, 0, 0},
		{F64, F32, []float64{1e39, -1e300, inf, 1e-60, -1e-320, 0, nan, 1}, 2, 2, 0},
		{F64, F16, []float64{1e39, 1e5, inf, 1e-60, 1e-30, 0, nan, 1}, 2, 2, 1},
		{F32, F64, []float64{3.4e38, 1e-45, nan}, 0, 0, 0},
		{F32, Q8_0, append(block(8.3e6, 1e-3), block(inf, 1)...), 31, 0, 0},
		{F32, Q8_0, append(block(8.4e6, 1), block(nan, 1)...), 32 + 31, 0, 1},
		{Q8_0, F32, block(1, 2), 0, 0, 0},
	} {
		var stats CastStats
		y, err := Cast(floatsOf(t, c.from, c.x...), c.to, &stats)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, y)
		if over, under, nan := stats.Overflow.Load(), stats.Underflow.Load(), stats.NaN.Load(); over != c.over || under != c.under || nan != c.nan {
			t.Errorf("%s to %s of %v: %d overflows, %d underflows, %d NaN, want %d, %d, %d", c.from, c.to, c.x, over, under, nan, c.over, c.under, c.nan)
		}
	}
}

// Counting in groups finds what counting one at a time does.
func TestCastStatsHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.SampledFrom([]DType{F16, BF16}).Draw(t, "to")
		infinite := map[DType]uint16{F16: 0x7c00, BF16: 0x7f80}[to]
		x := rapid.SliceOf(rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, 1, 65520, 3.4e38, 1e-40, float32(math.NaN()), float32(math.Inf(-1))}))).Draw(t, "x")
		x = append(slices.Repeat([]float32{1}, rapid.IntRange(0, 40).Draw(t, "ones")), x...)
		out := make([]byte, 2*len(x))
		codecs[to].encode(out, x)
		var got, want tally
		got.halves(x, out, infinite)
		for i := range x {
			want.half(x[i], binary.LittleEndian.Uint16(out[2*i:])&0x7fff, infinite)
		}
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// A short source is an error, whatever the cast.
func TestCastShort(t *testing.T) {
	x := Tensor{Name: "x", DType: F32, Shape: []int64{8}, Data: bytes.NewReader(make([]byte, 31))}
	y, err := Cast(x, BF16, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := y.Data.ReadAt(make([]byte, 16), 0)
	if n != 0 || err == nil {
		t.Errorf("read %d bytes: %v", n, err)
	}
	wantErr(t, errors.Unwrap(err), "unexpected EOF")
}

func BenchmarkCast(b *testing.B) {
	for _, c := range []struct{ from, to DType }{{F32, BF16}, {F32, F16}, {BF16, F32}, {BF16, F16}, {BF16, Q8_0}, {F16, BF16}} {
		b.Run(c.from.String()+"-"+c.to.String(), func(b *testing.B) {
			const elems = castElems * 8
			src := make([]byte, elems*c.from.BlockBytes())
			floats := make([]float32, elems)
			r := rand.New(rand.NewPCG(1, 2))
			for i := range floats {
				floats[i] = float32(r.NormFloat64() * 0.02)
			}
			codecs[c.from].encode(src, floats)
			x := Tensor{DType: c.from, Shape: []int64{elems}, Data: bytes.NewReader(src)}
			y, err := Cast(x, c.to, new(CastStats))
			if err != nil {
				b.Fatal(err)
			}
			p := make([]byte, y.Bytes())
			for b.Loop() {
				if err := ReadFull(y.Data, p, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*elems/b.Elapsed().Seconds()/1e6, "Melem/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
