package gguf

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
)

// swapRules are, for a block whose byte k is k (modulo 256), the bytes of the
// other order where they differ: {offset, bytes…}.
var swapRules = map[formats.DType][][]int{
	formats.Q4_1:    {{0, 1, 0, 3, 2}},
	formats.Q5_0:    {{0, 1, 0, 5, 4, 3, 2}},
	formats.Q5_1:    {{0, 1, 0, 3, 2, 7, 6, 5, 4}},
	formats.Q8_1:    {{0, 1, 0, 3, 2}},
	formats.Q2_K:    {{80, 81, 80, 83, 82}},
	formats.Q3_K:    {{108, 109, 108}},
	formats.Q5_K:    {{0, 1, 0, 3, 2}},
	formats.Q6_K:    {{208, 209, 208}},
	formats.IQ2_S:   {{0, 1, 0}},
	formats.IQ3_S:   {{0, 1, 0}},
	formats.IQ1_S:   {{0, 1, 0}, {34, 35, 34, 37, 36, 39, 38, 41, 40, 43, 42, 45, 44, 47, 46, 49, 48}},
	formats.IQ1_M:   {{48, 49, 48, 51, 50, 53, 52, 55, 54}},
	formats.IQ4_NL:  {{0, 1, 0}},
	formats.IQ4_XS:  {{0, 1, 0, 3, 2}},
	formats.TQ1_0:   {{52, 53, 52}},
	formats.TQ2_0:   {{64, 65, 64}},
	formats.NVFP4:   {},
	formats.Q1_0:    {{0, 1, 0}},
	formats.Q2_0:    {{0, 1, 0}},
	formats.F64:     {{0, 7, 6, 5, 4, 3, 2, 1, 0}},
	formats.I32:     {{0, 3, 2, 1, 0}},
	formats.IQ2_XXS: {pairs(0, 66)},
	formats.IQ2_XS:  {pairs(0, 66)},
	formats.Q8_K:    {{0, 3, 2, 1, 0}, pairs(260, 32)},
}

// pairs is the rule for n bytes of 16-bit words from off on.
func pairs(off, n int) []int {
	r := []int{off}
	for k := off; k < off+n; k += 2 {
		r = append(r, k+1, k)
	}
	return r
}

func TestSwapRules(t *testing.T) {
	for d, rules := range swapRules {
		block := make([]byte, d.BlockBytes())
		for k := range block {
			block[k] = byte(k)
		}
		want := bytes.Clone(block)
		for _, r := range rules {
			for i, k := range r[1:] {
				want[r[0]+i] = byte(k)
			}
		}
		x, err := formats.NewTensor("t", d, []int64{d.BlockElems()}, bytes.NewReader(block))
		if err != nil {
			t.Fatal(err)
		}
		if got := dataOf(t, swap(x)); !bytes.Equal(got, want) {
			t.Errorf("%s becomes\n%v, want\n%v", d, got, want)
		}
		if got := dataOf(t, swap(swap(x))); !bytes.Equal(got, block) {
			t.Errorf("%s swapped twice is %v", d, got)
		}
	}
}

// Every type of the format has a rule or is refused when its data is read.
func TestSwapUnknown(t *testing.T) {
	for _, d := range types {
		if d == formats.InvalidDType {
			continue
		}
		x := swap(tensor(t, 0, "t", d, d.BlockElems()))
		_, err := x.Data.ReadAt(make([]byte, 1), 0)
		if d == formats.IQ3_XXS {
			wantWords(t, err, "found IQ3_XXS data in big-endian order, expected a type of which the order is known")
		} else if err != nil {
			t.Errorf("%s: %v", d, err)
		}
	}
}

// Any range of swapped data is that range of all of it.
func TestSwapRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]formats.DType{formats.F16, formats.F64, formats.Q5_1, formats.Q8_K}).Draw(t, "type")
		n := rapid.Int64Range(0, 4).Draw(t, "blocks") * d.BlockBytes()
		b := rapid.SliceOfN(rapid.Byte(), int(n), int(n)).Draw(t, "bytes")
		s := swap(formats.Tensor{DType: d, Data: bytes.NewReader(b)}).Data
		all := bytes.Clone(b)
		s.(*swapped).swap(all, int(d.BlockBytes()))
		off := rapid.Int64Range(0, n+2).Draw(t, "offset")
		p := make([]byte, rapid.Int64Range(0, n+2).Draw(t, "length"))
		k, err := s.ReadAt(p, off)
		want := all[min(off, n):min(off+int64(len(p)), n)]
		if !bytes.Equal(p[:k], want) || (k < len(p)) != (err == io.EOF) {
			t.Fatalf("read %d of %d at %d: %v, %v, want %v", len(p), n, off, p[:k], err, want)
		}
	})
	if _, err := swap(tensor(t, 0, "t", formats.F32, 4)).Data.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("no error for a negative offset")
	}
}

func TestBigEndianFinding(t *testing.T) {
	for name, want := range map[string]bool{"kinds-be.gguf": false, "blocks-be.gguf": true, "blocks.gguf": false} {
		f := open(t, "testdata/"+name)
		if got := slices.ContainsFunc(f.Findings, func(x formats.Finding) bool { return x.Code == "big-endian-blocks" }); got != want {
			t.Errorf("%s: findings %v", name, f.Findings)
		}
	}
}
