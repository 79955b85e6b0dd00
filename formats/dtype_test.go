package formats

import (
	"math"
	"strings"
	"testing"
)

// Sizes of blocks, as safetensors and ggml define them.
func TestDTypeTable(t *testing.T) {
	want := map[DType]struct {
		name         string
		elems, bytes int64
	}{
		Bool: {"BOOL", 1, 1}, F4: {"F4", 2, 1}, F6E2M3: {"F6_E2M3", 4, 3}, F6E3M2: {"F6_E3M2", 4, 3},
		U8: {"U8", 1, 1}, I8: {"I8", 1, 1}, F8E5M2: {"F8_E5M2", 1, 1}, F8E4M3: {"F8_E4M3", 1, 1}, F8E8M0: {"F8_E8M0", 1, 1},
		F8E4M3FNUZ: {"F8_E4M3FNUZ", 1, 1}, F8E5M2FNUZ: {"F8_E5M2FNUZ", 1, 1},
		I16: {"I16", 1, 2}, U16: {"U16", 1, 2}, F16: {"F16", 1, 2}, BF16: {"BF16", 1, 2},
		I32: {"I32", 1, 4}, U32: {"U32", 1, 4}, F32: {"F32", 1, 4}, C64: {"C64", 1, 8}, F64: {"F64", 1, 8},
		I64: {"I64", 1, 8}, U64: {"U64", 1, 8}, C32: {"C32", 1, 4}, C128: {"C128", 1, 16},
		Q4_0: {"Q4_0", 32, 18}, Q4_1: {"Q4_1", 32, 20}, Q5_0: {"Q5_0", 32, 22}, Q5_1: {"Q5_1", 32, 24},
		Q8_0: {"Q8_0", 32, 34}, Q8_1: {"Q8_1", 32, 36},
		Q2_K: {"Q2_K", 256, 84}, Q3_K: {"Q3_K", 256, 110}, Q4_K: {"Q4_K", 256, 144}, Q5_K: {"Q5_K", 256, 176},
		Q6_K: {"Q6_K", 256, 210}, Q8_K: {"Q8_K", 256, 292},
		IQ2_XXS: {"IQ2_XXS", 256, 66}, IQ2_XS: {"IQ2_XS", 256, 74}, IQ3_XXS: {"IQ3_XXS", 256, 98}, IQ1_S: {"IQ1_S", 256, 50},
		IQ4_NL: {"IQ4_NL", 32, 18}, IQ3_S: {"IQ3_S", 256, 110}, IQ2_S: {"IQ2_S", 256, 82}, IQ4_XS: {"IQ4_XS", 256, 136},
		IQ1_M: {"IQ1_M", 256, 56}, TQ1_0: {"TQ1_0", 256, 54}, TQ2_0: {"TQ2_0", 256, 66},
		MXFP4: {"MXFP4", 32, 17}, NVFP4: {"NVFP4", 64, 36}, Q1_0: {"Q1_0", 128, 18}, Q2_0: {"Q2_0", 64, 18},
	}
	for d := InvalidDType + 1; d.Valid(); d++ {
		w, ok := want[d]
		if !ok || d.String() != w.name || d.BlockElems() != w.elems || d.BlockBytes() != w.bytes {
			t.Errorf("%d is %s, %d elements in %d bytes, want %+v", d, d, d.BlockElems(), d.BlockBytes(), w)
		}
		if d.IsBlock() != (d >= Q4_0) {
			t.Errorf("%s: IsBlock %v", d, d.IsBlock())
		}
		if got, err := ParseDType(strings.ToLower(w.name)); got != d || err != nil {
			t.Errorf("ParseDType(%q) = %s, %v", strings.ToLower(w.name), got, err)
		}
	}
	if len(want) != int(numDTypes)-1 {
		t.Errorf("%d types, want %d", numDTypes-1, len(want))
	}
	for _, name := range []string{"", "invalid", "bf17"} {
		if d, err := ParseDType(name); err == nil {
			t.Errorf("ParseDType(%q) = %s", name, d)
		}
	}
	if InvalidDType.Valid() || numDTypes.Valid() || numDTypes.String() == "" {
		t.Error("types that are none")
	}
	for _, d := range []DType{F64, F32, F16, BF16} {
		if !d.IsFloat() {
			t.Errorf("%s is a float type", d)
		}
	}
	if F8E4M3.IsFloat() || I32.IsFloat() || Q8_0.IsFloat() {
		t.Error("float types that Cast does not know")
	}
}

func TestDTypeBytes(t *testing.T) {
	for _, c := range []struct {
		d    DType
		n    int64
		want int64
		err  string
	}{
		{F32, 0, 0, ""},
		{F32, 3, 12, ""},
		{F4, 6, 3, ""},
		{F4, 7, 0, "7 elements of F4 do not fill whole blocks of 2"},
		{F6E2M3, 8, 6, ""},
		{Q8_0, 64, 68, ""},
		{Q8_0, 63, 0, "63 elements of Q8_0 do not fill whole blocks of 32"},
		{F32, -1, 0, "negative element count -1"},
		{F32, math.MaxInt64/4 + 1, 0, "overflows"},
		{U8, math.MaxInt64, math.MaxInt64, ""},
		{F4, math.MaxInt64 - 1, math.MaxInt64 / 2, ""},
		{InvalidDType, 1, 0, "invalid dtype 0"},
		{numDTypes, 1, 0, "invalid dtype"},
	} {
		got, err := c.d.Bytes(c.n)
		wantErr(t, err, c.err)
		if got != c.want {
			t.Errorf("%s.Bytes(%d) = %d, want %d", c.d, c.n, got, c.want)
		}
	}
}

// wantErr checks that err has the text want, or is nil if that is empty.
func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestChecked(t *testing.T) {
	const most = math.MaxInt64
	for _, c := range []struct {
		a, b, product, sum int64
		mulErr, addErr     string
	}{
		{0, most, 0, most, "", ""},
		{1, most, most, 0, "", "overflows"},
		{2, most / 2, most - 1, most/2 + 2, "", ""},
		{2, most/2 + 1, 0, most/2 + 3, "overflows", ""},
		{1 << 32, 1 << 31, 0, 3 << 31, "overflows", ""},
		{1 << 32, 1 << 32, 0, 1 << 33, "overflows", ""},
		{most, most, 0, 0, "overflows", "overflows"},
		{-1, 1, 0, 0, "negative factor", "negative term"},
		{1, math.MinInt64, 0, 0, "negative factor", "negative term"},
	} {
		product, err := MulChecked(c.a, c.b)
		wantErr(t, err, c.mulErr)
		sum, err := AddChecked(c.a, c.b)
		wantErr(t, err, c.addErr)
		if product != c.product || sum != c.sum {
			t.Errorf("%d and %d: product %d, sum %d, want %d, %d", c.a, c.b, product, sum, c.product, c.sum)
		}
	}
}
