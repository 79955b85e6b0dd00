package random

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

func whole(t testing.TB, d formats.Data) []byte {
	t.Helper()
	b := make([]byte, d.Size())
	if err := formats.ReadFull(d, b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMoments(t *testing.T) {
	const n = 1 << 20
	d, err := Data(1, "w", formats.F32, n, Options{Mean: 1, Std: 0.02})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, n)
	ggml.DecodeF32(x, whole(t, d))
	var sum, squares, fourth float64
	near := 0
	for _, v := range x {
		z := (float64(v) - 1) / 0.02
		sum, squares, fourth = sum+z, squares+z*z, fourth+z*z*z*z
		if math.Abs(z) < 1 {
			near++
		}
	}
	mean, std, kurtosis := sum/n, math.Sqrt(squares/n), fourth/n/(squares/n)/(squares/n)
	if math.Abs(mean) > 0.004 || math.Abs(std-1) > 0.004 || math.Abs(kurtosis-2.7) > 0.02 {
		t.Errorf("mean %g std %g kurtosis %g, want 0 1 2.7", mean, std, kurtosis)
	}
	if f := float64(near) / n; math.Abs(f-0.6693) > 0.002 {
		t.Errorf("%g of the values lie within one std, want 0.6693", f)
	}
	// Neighbours, and tensors of other names and seeds, have nothing in common.
	for _, other := range []struct {
		seed uint64
		name string
		lag  int
	}{{1, "w", 1}, {2, "w", 0}, {1, "v", 0}} {
		d, err := Data(other.seed, other.name, formats.F32, n, Options{Mean: 1, Std: 0.02})
		if err != nil {
			t.Fatal(err)
		}
		y := make([]float32, n)
		ggml.DecodeF32(y, whole(t, d))
		var c float64
		for i := other.lag; i < n; i++ {
			c += (float64(x[i-other.lag]) - 1) * (float64(y[i]) - 1) / (0.02 * 0.02)
		}
		if c /= n; math.Abs(c) > 0.004 {
			t.Errorf("correlation with %+v is %g", other, c)
		}
	}
}

// TestRange holds that any range of the bytes is that range of the whole.
func TestRange(t *testing.T) {
	types := []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16, formats.Q8_0}
	rapid.Check(t, func(t *rapid.T) {
		n := 32 * rapid.Int64Range(0, 100).Draw(t, "blocks")
		dtype := rapid.SampledFrom(types).Draw(t, "dtype")
		d, err := Data(rapid.Uint64().Draw(t, "seed"), rapid.String().Draw(t, "name"), dtype, n, Options{0.5, 2})
		if err != nil {
			t.Fatal(err)
		}
		all := make([]byte, d.Size())
		if err := formats.ReadFull(d, all, 0); err != nil {
			t.Fatal(err)
		}
		off := rapid.Int64Range(0, d.Size()+3).Draw(t, "off")
		p := make([]byte, rapid.IntRange(0, 5000).Draw(t, "len"))
		k, err := d.ReadAt(p, off)
		want := min(max(d.Size()-off, 0), int64(len(p)))
		if int64(k) != want || (err == io.EOF) != (k < len(p)) || (err != nil && err != io.EOF) {
			t.Fatalf("read %d bytes, %v; want %d", k, err, want)
		}
		if k > 0 && !bytes.Equal(p[:k], all[off:off+int64(k)]) {
			t.Fatalf("range [%d,%d) differs", off, off+int64(k))
		}
	})
}

// TestCast holds that the values of a type are the cast of the float32 values.
func TestCast(t *testing.T) {
	const n = 4096
	f32, err := Data(3, "w", formats.F32, n, Options{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []formats.DType{formats.F64, formats.F16, formats.BF16, formats.Q8_0} {
		x, err := formats.NewTensor("w", formats.F32, []int64{n}, f32)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = formats.Cast(x, d, nil); err != nil {
			t.Fatal(err)
		}
		got, err := Data(3, "w", d, n, Options{0, 1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(whole(t, got), whole(t, x.Data)) {
			t.Errorf("%s is not the cast of F32", d)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		d    formats.DType
		n    int64
		want string
	}{
		{formats.F32, -1, `random tensor "w": negative dimension -1`},
		{formats.BF16, 1 << 62, `random tensor "w": `},
		{formats.I64, 1, `random tensor "w": no conversion to I64`},
		{formats.Q8_0, 33, `random tensor "w": rows of 33 elements`},
	} {
		if _, err := Data(0, "w", c.d, c.n, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d of %s: %v lacks %q", c.n, c.d, err, c.want)
		}
	}
	for _, o := range []Options{{Mean: float32(math.NaN())}, {Std: float32(math.Inf(-1))}} {
		if _, err := Data(0, "w", formats.F32, 1, o); err == nil || !strings.Contains(err.Error(), "expected finite numbers") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	// What is too large is infinite in every type, and never a NaN.
	for _, dt := range []formats.DType{formats.F32, formats.BF16} {
		d, err := Data(0, "w", dt, 1000, Options{Mean: -math.MaxFloat32, Std: math.MaxFloat32})
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 1000)
		if b := whole(t, d); dt == formats.F32 {
			ggml.DecodeF32(x, b)
		} else {
			ggml.DecodeBF16(x, b)
		}
		for i, v := range x {
			if v != v {
				t.Fatalf("element %d of %s is a NaN", i, dt)
			}
		}
	}
	d, err := Data(0, "w", formats.BF16, 1<<60, Options{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReadAt(make([]byte, 8), -1); err == nil {
		t.Error("negative offset accepted")
	}
	if n, err := d.ReadAt(make([]byte, 8), d.Size()-5); n != 5 || err != io.EOF {
		t.Errorf("at the far end: %d, %v", n, err)
	}
}

// TestGolden fixes values that testdata/golden.py computed with numpy.
func TestGolden(t *testing.T) {
	for _, c := range goldens {
		d, err := Data(c.seed, c.name, c.dtype, c.first+8, c.o)
		if err != nil {
			t.Fatal(err)
		}
		first, err := formats.BytesOf(c.dtype, []int64{c.first})
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, d.Size()-first)
		if err := formats.ReadFull(d, p, first); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(p); got != c.want {
			t.Errorf("%+v: found %s, want %s", c, got, c.want)
		}
	}
}

func BenchmarkBF16(b *testing.B) { benchmark(b, formats.BF16) }
func BenchmarkF32(b *testing.B)  { benchmark(b, formats.F32) }
func BenchmarkF16(b *testing.B)  { benchmark(b, formats.F16) }

func benchmark(b *testing.B, dtype formats.DType) {
	d, err := Data(1, "w", dtype, 1<<30, Options{0, 0.02})
	if err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 4<<20)
	b.SetBytes(int64(len(p)))
	for i := range b.N {
		if _, err := d.ReadAt(p, int64(i%256)*int64(len(p))); err != nil {
			b.Fatal(err)
		}
	}
}
