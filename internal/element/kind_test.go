package element

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"olmotool/formats"
)

// TestFormat: text is read back as the element, and one digit less is not.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		d    formats.DType
		bits uint64
		want string
	}{
		{formats.BF16, 0x3ca4, "0.02"},
		{formats.BF16, 0x3f80, "1"},
		{formats.BF16, 0xbf81, "-1.01"},
		{formats.BF16, 0x8000, "-0"},
		{formats.BF16, 0x0001, "9e-41"},
		{formats.BF16, 0x7f7f, "3.39e+38"},
		{formats.BF16, 0x7f80, "Inf"},
		{formats.BF16, 0xff80, "-Inf"},
		{formats.BF16, 0x7fc0, "NaN"},
		{formats.F16, 0x2e66, "0.1"},
		{formats.F16, 0x7bff, "65500"},
		{formats.F16, 0x0001, "6e-08"},
		{formats.F32, 0x3dcccccd, "0.1"},
		{formats.F64, 0x3fb999999999999a, "0.1"},
		{formats.F8E4M3, 0x7e, "450"},
		{formats.F8E4M3, 0x7f, "NaN"},
		{formats.F8E8M0, 0x80, "2"},
		{formats.I64, 1 << 63, "-9223372036854775808"},
		{formats.U64, math.MaxUint64, "18446744073709551615"},
		{formats.I32, math.MaxUint32, "-1"},
		{formats.I8, 0xff, "-1"},
		{formats.U8, 0xff, "255"},
		{formats.Bool, 0, "false"},
		{formats.Bool, 7, "true"},
	} {
		if got := Format(c.d, c.bits); got != c.want {
			t.Errorf("%s %#x: found %s, want %s", c.d, c.bits, got, c.want)
		}
	}
}

// TestEvery pattern of the narrow floats is nearest to its own text.
func TestEvery(t *testing.T) {
	for _, d := range []formats.DType{formats.BF16, formats.F16, formats.F8E4M3, formats.F8E5M2, formats.F8E4M3FNUZ, formats.F8E5M2FNUZ, formats.F8E8M0} {
		k, ok := Of(d)
		if !ok {
			t.Fatal(d)
		}
		for bits := range uint64(1) << (8 * k.Width) {
			x, s := k.Value(bits), Format(d, bits)
			if math.IsNaN(x) || math.IsInf(x, 0) {
				continue
			}
			if !json.Valid([]byte(s)) {
				t.Fatalf("%s %#x: %s is no JSON", d, bits, s)
			}
			y, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range []uint64{bits - 1, bits + 1} {
				if b < 1<<(8*k.Width) && math.Abs(k.Value(b)-y) <= math.Abs(x-y) {
					t.Fatalf("%s: %#x is written as %s, which is no further from %#x", d, bits, s, b)
				}
			}
		}
	}
}

func TestOf(t *testing.T) {
	for d := formats.InvalidDType; d.BlockElems() > 0 && d < formats.Q4_0; d++ {
		k, ok := Of(d)
		if want := d.Valid() && d.BlockElems() == 1 && d != formats.C32 && d != formats.C64 && d != formats.C128; ok != want {
			t.Errorf("%s: found %v", d, ok)
		}
		if ok && int64(k.Width) != d.BlockBytes() {
			t.Errorf("%s: found %d bytes", d, k.Width)
		}
	}
}
