package soup

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// vectorCase is a merge, and what came out of it elsewhere.
type vectorCase struct {
	Name, Method, DType string
	Shape               []int64
	X                   []string
	Base                string
	Params              map[string]float64
	ModelParams         params `json:"model_params"`
	Masks               [][]float64
	Mergekit            string
	MergekitDType       string `json:"mergekit_dtype"`
	Exact               string
}

type vectorFile struct {
	Tensors map[string]string
	Cases   []vectorCase
}

func readVectors(t *testing.T, path string) vectorFile {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) == 0 {
		t.Fatal("no cases")
	}
	return f
}

func decodeWords(t *testing.T, s, dtype string) []float64 {
	b, err := hex.DecodeString(s)
	if err != nil || s == "" {
		t.Fatalf("%q: %v", s, err)
	}
	width := map[string]int{"bfloat16": 2, "float32": 4, "float64": 8}[dtype]
	var out []float64
	for ; len(b) > 0; b = b[width:] {
		var u uint64
		for _, c := range b[:width] {
			u = u<<8 | uint64(c)
		}
		switch width {
		case 2:
			out = append(out, float64(math.Float32frombits(uint32(u)<<16)))
		case 4:
			out = append(out, float64(math.Float32frombits(uint32(u))))
		default:
			out = append(out, math.Float64frombits(u))
		}
	}
	return out
}

// run computes a case, with the masks that the other side drew.
func (c vectorCase) run(t *testing.T, f vectorFile) []float64 {
	m := other(t, c.Method)
	given := params{}
	for k, v := range c.Params {
		given[k] = []float64{v}
	}
	for k, v := range c.ModelParams {
		given[k] = v
	}
	var x [][]float64
	for _, k := range c.X {
		x = append(x, decodeWords(t, f.Tensors[k], c.DType))
	}
	var base []float64
	if c.Base != "" {
		base = decodeWords(t, f.Tensors[c.Base], c.DType)
	}
	tensor := tensorFor(t, m, c.Shape, x, base, given)
	if c.Masks != nil {
		random := *m
		random.Prepare = func(ctx context.Context, tensor *Tensor) (Range, error) {
			return randomMethods[m.Name].prepare(ctx, tensor, func(dst []float64, model int, at int64) {
				for i := range dst {
					dst[i] = 1 - c.Masks[model][at+int64(i)]
				}
			})
		}
		m = &random
	}
	got, err := merged(m, tensor)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// distance is the largest difference, as a share of the largest element, where
// elements are not passed over.
func distance(got, want []float64, except ...int) float64 {
	var d, largest float64
	for i, w := range want {
		largest = max(largest, math.Abs(w))
		if !slices.Contains(except, i) {
			d = max(d, math.Abs(got[i]-w))
		}
	}
	if largest == 0 {
		return d
	}
	return d / largest
}

func testName(c vectorCase) string { return strings.ReplaceAll(c.Name+" "+c.DType, " ", "_") }

// TestMergekit compares with mergekit 0.1.5 on float64.
func TestMergekit(t *testing.T) {
	tolerance := map[string]float64{
		// What is drawn at random is float32 there.
		"dare_ties": 2e-7, "dare_linear": 2e-7, "della": 2e-7, "della_linear": 2e-7,
		"ramplus_tl": 1e-8, // S/U is float32 there
	}
	f := readVectors(t, "testdata/mergekit.json")
	seen := map[string]bool{}
	for _, c := range f.Cases {
		seen[c.Method] = true
		t.Run(testName(c), func(t *testing.T) {
			got, want := c.run(t, f), decodeWords(t, c.Mergekit, c.DType)
			if d := distance(got, want); !(d < max(1e-15, tolerance[c.Method])) {
				t.Errorf("differs by %.3g\ngot  %v\nwant %v", d, got, want)
			}
		})
	}
	for _, m := range others {
		if !seen[m.Name] {
			t.Errorf("no case of %s", m.Name)
		}
	}
}

// TestVectors compares with mergekit 0.1.4, in its inputs' dtype, and with
// formulas in float64.
func TestVectors(t *testing.T) {
	f32 := map[string]float64{
		"slerp": 1e-7, "nuslerp": 2e-7, "multislerp": 2e-7, "karcher": 2e-7, "task_arithmetic": 1e-7, "ties": 1e-7,
		"dare_ties": 1e-7, "dare_linear": 1e-7, "breadcrumbs": 5e-8, "breadcrumbs_ties": 5e-8, "della_linear": 1e-7,
		"model_stock": 3e-7, "sce": 1e-7, "nearswap": 1e-7, "ram": 1e-7, "ramplus_tl": 1e-7,
	}
	// In bfloat16 mergekit rounds at each step, the sums of magnitudes of dare and
	// della, and karcher's directions, too.
	bf16 := map[string]float64{
		"slerp": 4e-3, "nuslerp": 1e-2, "multislerp": 1e-2, "karcher": 5e-2, "task_arithmetic": 5e-3, "ties": 7e-3,
		"dare_ties": 5e-3, "dare_linear": 7e-3, "breadcrumbs": 7e-3, "della_linear": 7e-3,
		"model_stock": 5e-3, "sce": 5e-3, "nearswap": 6e-3, "ram": 4e-3, "ramplus_tl": 4e-3,
	}
	exact := map[string]float64{
		"multislerp": 1e-8, // where eps was left out
		"ramplus_tl": 1e-8, // where S/U was float32
	}
	// Elements with equal magnitudes at a cut: which of them are kept is not said
	// there. With sce they change the weights of all.
	tied := map[string][]int{"breadcrumbs_10x30_bfloat16": {107, 165, 196}, "sce_(12,)/0.05_bfloat16": {2, 4, 6, 10, 11}}
	f := readVectors(t, "testdata/vectors.json")
	for _, c := range f.Cases {
		t.Run(testName(c), func(t *testing.T) {
			got, except := c.run(t, f), tied[testName(c)]
			if c.Exact != "" {
				limit := max(1e-15, exact[c.Method])
				if c.Method == "sce" && except != nil {
					limit = bf16["sce"]
				}
				if d := distance(got, decodeWords(t, c.Exact, "float64"), except...); !(d < limit) {
					t.Errorf("differs from the exact result by %.3g", d)
				}
			}
			dtype := c.DType
			if c.MergekitDType != "" {
				dtype = c.MergekitDType
			}
			limit := f32[c.Method]
			if c.DType == "bfloat16" {
				limit = bf16[c.Method]
			}
			if c.Method == "arcee_fusion" {
				// Small divergences are all rounding there, and importance with them.
				except = unsure(t, c, f)
				limit = 1e-7
			}
			if d := distance(got, decodeWords(t, c.Mergekit, dtype), except...); !(d < limit) {
				t.Errorf("differs from mergekit by %.3g", d)
			}
		})
	}
}

// unsure returns the elements of which the importance is within 1e-6 of the
// threshold.
func unsure(t *testing.T, c vectorCase, f vectorFile) []int {
	x, base := decodeWords(t, f.Tensors[c.X[0]], c.DType), decodeWords(t, f.Tensors[c.Base], c.DType)
	importance, threshold := naiveImportance(c.Shape, x, base)
	var out []int
	for i, v := range importance {
		if math.Abs(v-threshold) < 1e-6 {
			out = append(out, i)
		}
	}
	return out
}
