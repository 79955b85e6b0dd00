package soup

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"testing"

	"olmotool/formats"
)

// Paths give the bits that the tools themselves give (testdata/paths.py).
func TestPathsGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/paths.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			DType   string
			Weights []string
			Inputs  []string
			Ways    map[string]string
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	types := map[string]formats.DType{"bfloat16": formats.BF16, "float16": formats.F16, "float32": formats.F32}
	seen := map[string]int{}
	for _, c := range golden.Cases {
		d := types[c.DType]
		var w []*big.Rat
		for _, s := range c.Weights {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			w = append(w, new(big.Rat).SetFloat64(f))
		}
		for _, p := range paths(w) {
			want, ok := c.Ways[p.name]
			if !ok {
				continue
			}
			seen[p.name]++
			var x [][]float32
			for _, in := range c.Inputs {
				x = append(x, words(t, d, in))
			}
			got := make([]float32, len(x[0]))
			p.compute(got, x, &rounder{d: d})
			for i, v := range words(t, d, want) {
				if math.Float32bits(got[i]) != math.Float32bits(v) {
					t.Errorf("%s of %s, weights %v: element %d: got %v, want %v", p.name, d, c.Weights, i, got[i], v)
					break
				}
			}
		}
	}
	for _, name := range []string{"mergekit-0.1.5", "mergekit-0.1.4", "f32-sum", "f32-scaled", "half-sum"} {
		if seen[name] < 12 {
			t.Errorf("%d cases of %s", seen[name], name)
		}
	}
}

// words decodes elements that are written as big-endian hexadecimal digits.
func words(t testing.TB, d formats.DType, s string) []float32 {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	size := int(d.BlockBytes())
	for i := 0; i < len(b); i += size {
		slices.Reverse(b[i : i+size])
	}
	x := make([]float32, len(b)/size)
	narrow(x, d, b)
	return x
}
