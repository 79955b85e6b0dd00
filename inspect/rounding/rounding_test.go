package rounding

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"olmotool/formats"
)

func tensor(t testing.TB, d formats.DType, shape []int64, of func(i int) float32) formats.Tensor {
	t.Helper()
	n, err := formats.ElementsOf(shape)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 0, n*4)
	for i := range int(n) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(of(i)))
	}
	x, err := formats.NewTensor("x", formats.F32, shape, bytes.NewReader(b))
	if err == nil {
		x, err = formats.Cast(x, d, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func normal() func(int) float32 {
	r := rand.New(rand.NewPCG(1, 2))
	return func(int) float32 { return float32(0.02 * r.NormFloat64()) }
}

// What is worked out by hand, or known of rounding: a fraction of n bits of values
// that lie evenly is off by 2^-n/√12 of the power of two.
func TestAll(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	third := math.Abs(1./3-0.333984375) * 3 // as a bfloat16
	for _, c := range []struct {
		name   string
		t      formats.Tensor
		want   *Loss
		within float64 // relative
	}{
		{"of ints", formats.Tensor{DType: formats.I32, Shape: []int64{1}}, nil, 0},
		{"of nothing", tensor(t, formats.F32, []int64{0, 32}, nil), nil, 0},
		{"of blocks", tensor(t, formats.Q8_0, []int64{2, 32}, normal()), nil, 0},
		{"zeros", tensor(t, formats.F32, []int64{2, 32}, func(int) float32 { return 0 }), &Loss{}, 0},
		{"a third", tensor(t, formats.F32, []int64{2, 32}, func(int) float32 { return 1. / 3 }), &Loss{third, math.Abs(1./3-0.333251953125) * 3, 6.1e-5}, 3e-3},
		{"a vector", tensor(t, formats.BF16, []int64{64}, normal()), &Loss{0, 0, nan}, 1e-9},
		{"odd rows", tensor(t, formats.F16, []int64{64, 31}, func(int) float32 { return 1 }), &Loss{0, 0, nan}, 0},
		{"too large", tensor(t, formats.BF16, []int64{1, 32}, func(i int) float32 { return float32(i) * 65536 }), &Loss{0, inf, 0.00387}, 1e-3},
		{"infinite", tensor(t, formats.F32, []int64{1, 32}, func(i int) float32 { return 1 / float32(i) }), &Loss{nan, nan, nan}, 0},
		{"a sample", tensor(t, formats.F32, []int64{1500, 1000}, normal()), &Loss{0x1p-8 / 2.4, 0x1p-11 / 2.4, nan}, 0.1},
		{"blocks", tensor(t, formats.F32, []int64{512, 2048}, normal()), &Loss{0x1p-8 / 2.4, 0x1p-11 / 2.4, 0.0049}, 0.1},
	} {
		got, err := All(t.Context(), []formats.Tensor{c.t}, 1)
		if err != nil || (got[0] == nil) != (c.want == nil) {
			t.Errorf("%s: %v, %v", c.name, got, err)
			continue
		}
		if c.want == nil {
			continue
		}
		for k := range c.want {
			g, w := got[0][k], c.want[k]
			if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= c.within*w) {
				t.Errorf("%s: %s: found %g, want %g", c.name, Types[k], g, w)
			}
		}
	}
}

// A sample of a large tensor tells what all of it would, and nothing of it hangs on
// the threads.
func TestSample(t *testing.T) {
	large := tensor(t, formats.F32, []int64{1024, 2048}, normal())
	var parts []formats.Tensor
	for i := range int64(4) { // each is no sample
		p, err := formats.Rows(large, i*256, (i+1)*256)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	one, err := All(t.Context(), append(parts, large), 1)
	if err != nil {
		t.Fatal(err)
	}
	three, err := All(t.Context(), append(parts, large), 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if *one[i] != *three[i] {
			t.Errorf("%v by one thread, %v by three", *one[i], *three[i])
		}
	}
	for k := range Types {
		var sum float64
		for _, p := range one[:4] {
			sum += p[k] * p[k] / 4
		}
		if got, want := one[4][k], math.Sqrt(sum); math.Abs(got-want) > 3e-3*want {
			t.Errorf("%s: %g of the sample, %g of all", Types[k], got, want)
		}
	}
}

type broken struct {
	formats.Data
	panics bool
}

func (b broken) ReadAt([]byte, int64) (int, error) {
	if b.panics {
		panic("worse")
	}
	return 0, errors.New("gone")
}

func TestErrors(t *testing.T) {
	x := tensor(t, formats.F32, []int64{2, 32}, normal())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := All(ctx, []formats.Tensor{x}, 2); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	x.Origin.File = "f"
	for _, panics := range []bool{false, true} {
		y := x
		y.Data = broken{x.Data, panics}
		var fe *formats.Error
		if _, err := All(t.Context(), []formats.Tensor{y}, 2); !errors.As(err, &fe) || !strings.HasPrefix(err.Error(), `f: tensor "x": `) {
			t.Error(err)
		}
	}
}

func BenchmarkAll(b *testing.B) {
	x, err := formats.Cast(tensor(b, formats.F32, []int64{1024, 1024}, normal()), formats.BF16, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := All(b.Context(), []formats.Tensor{x}, 1); err != nil {
			b.Fatal(err)
		}
	}
}
