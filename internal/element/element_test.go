package element

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"olmotool/formats"
)

// TestOrdered: the order is that of the numbers, and neighbours are one apart.
func TestOrdered(t *testing.T) {
	for _, d := range []formats.DType{formats.F16, formats.BF16} {
		sign, infinite := SignAndInf(d)
		at := func(bits uint64) uint64 { return Ordered(bits, sign, infinite) }
		var all []uint64
		for b := range uint64(1 << 16) {
			if b&^sign > infinite {
				if at(b) != NaNOrder {
					t.Fatalf("%s %#x: a NaN is at %#x", d, b, at(b))
				}
				continue
			}
			all = append(all, b)
		}
		slices.SortFunc(all, func(a, b uint64) int {
			if x, y := Value(d, a), Value(d, b); x < y {
				return -1
			} else if x > y {
				return 1
			}
			return 0
		})
		for i, b := range all[1:] {
			step := uint64(1)
			if Value(d, b) == 0 && Value(d, all[i]) == 0 {
				step = 0 // the two zeros
			}
			if at(b)-at(all[i]) != step {
				t.Fatalf("%s: from %#x to %#x it is %d, want %d", d, all[i], b, at(b)-at(all[i]), step)
			}
		}
	}
	for _, d := range []formats.DType{formats.F32, formats.F64} {
		sign, infinite := SignAndInf(d)
		for _, c := range []struct{ a, b, want uint64 }{
			{0, sign, 0}, {1, sign | 1, 2}, {infinite, infinite - 1, 1}, {5, 9, 4}, {sign | 5, sign | 9, 4}, {infinite + 1, sign | infinite | 7, 0},
		} {
			x, y := Ordered(c.a, sign, infinite), Ordered(c.b, sign, infinite)
			if got := max(x, y) - min(x, y); got != c.want {
				t.Errorf("%s: %#x and %#x are %d apart, want %d", d, c.a, c.b, got, c.want)
			}
		}
		if x := Ordered(infinite, sign, infinite); NaNOrder-x <= 8 {
			t.Errorf("%s: infinity is near NaN", d)
		}
	}
}

func TestElement(t *testing.T) {
	v := []float64{0, 1, -2, 0.1, math.Inf(-1), math.NaN(), 65504, 1e-3}
	for _, c := range []struct {
		d    formats.DType
		want []string
	}{
		{formats.F64, []string{"0 (0x0000000000000000)", "1 (0x3ff0000000000000)", "-2 (0xc000000000000000)", "0.10000000149011612 (0x3fb99999a0000000)"}},
		{formats.F32, []string{"0 (0x00000000)", "1 (0x3f800000)", "-2 (0xc0000000)", "0.1 (0x3dcccccd)", "-Inf (0xff800000)", "NaN (0x7fc00000)"}},
		{formats.F16, []string{"0 (0x0000)", "1 (0x3c00)", "-2 (0xc000)", "0.099975586 (0x2e66)", "-Inf (0xfc00)", "NaN (0x7e00)", "65504 (0x7bff)"}},
		{formats.BF16, []string{"0 (0x0000)", "1 (0x3f80)", "-2 (0xc000)", "0.100097656 (0x3dcd)"}},
	} {
		wide := tensor(t, formats.F32, []int64{8}, v)
		x, err := formats.Cast(wide, c.d, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got, err := Print(x, int64(i)); err != nil || got != want {
				t.Errorf("%s: element %d is %q, %v, want %q", c.d, i, got, err, want)
			}
		}
	}
	q := tensor(t, formats.Q8_0, []int64{32}, append([]float64{127, -3, 2}, make([]float64, 29)...))
	for i, want := range []string{"127", "-3", "2", "0"} {
		if got, err := Print(q, int64(i)); err != nil || got != want {
			t.Errorf("Q8_0: element %d is %q, %v, want %q", i, got, err, want)
		}
	}
	k := formats.Tensor{Name: "k", DType: formats.Q4_K, Shape: []int64{256}, Data: q.Data}
	if got, err := Print(k, 0); got != "" || err != nil {
		t.Errorf("Q4_K: %q, %v", got, err)
	}
	n := formats.Tensor{Name: "n", DType: formats.U8, Shape: []int64{34}, Data: q.Data}
	if got, err := Print(n, 2); got != "0x7f" || err != nil {
		t.Errorf("U8: %q, %v", got, err)
	}
	if got := Index([]int64{3, 4, 5}, 59); !slices.Equal(got, []int64{2, 3, 4}) {
		t.Errorf("the last of 3×4×5 is at %v", got)
	}
	if got := Index(nil, 0); len(got) != 0 {
		t.Errorf("a scalar is at %v", got)
	}
}

func tensor(t *testing.T, d formats.DType, shape []int64, values []float64) formats.Tensor {
	t.Helper()
	b := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(float32(v)))
	}
	wide, err := formats.NewTensor("x", formats.F32, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	x, err := formats.Cast(wide, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
