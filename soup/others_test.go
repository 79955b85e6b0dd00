package soup

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"pgregory.net/rapid"

	"olmotool/formats"
)

// others are the methods of this package that are not linear.
var others = []*Method{
	&slerpMethod, &nuslerpMethod, &multislerpMethod, &karcherMethod,
	&taskArithmeticMethod, &tiesMethod, &dareTiesMethod, &dareLinearMethod,
	&breadcrumbsMethod, &breadcrumbsTiesMethod, &dellaMethod, &dellaLinearMethod,
	&modelStockMethod, &sceMethod, &nearswapMethod, &ramMethod, &ramplusMethod, &arceeFusionMethod,
}

var randomMethods = map[string]taskMethod{
	"dare_ties": dareTies, "dare_linear": dareLinear, "della": della, "della_linear": dellaLinear,
}

func other(t rapid.TB, name string) *Method {
	i := slices.IndexFunc(others, func(m *Method) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no method %s", name)
	}
	return others[i]
}

// numbers are the data of a tensor of float64, read by whole elements.
type numbers []float64

func (s numbers) Size() int64 { return 8 * int64(len(s)) }

func (s numbers) ReadAt(p []byte, off int64) (int, error) {
	for i, v := range s[off/8:][:len(p)/8] {
		binary.LittleEndian.PutUint64(p[8*i:], math.Float64bits(v))
	}
	return len(p), nil
}

func inputOf(t rapid.TB, path string, shape []int64, d formats.Data) *input {
	t.Helper()
	x, err := formats.NewTensor("w", formats.F64, shape, d)
	if err != nil {
		t.Fatal(err)
	}
	return &input{Tensor: x, path: path}
}

// params are those of a test, each with one value for all models or one for each.
type params map[string][]float64

// tensorFor puts a method's tensor together, with defaults for parameters that
// are not given.
func tensorFor(t rapid.TB, m *Method, shape []int64, x [][]float64, base []float64, given params) *Tensor {
	t.Helper()
	out := &Tensor{Name: "w", Shape: shape, global: map[string]float64{}}
	for i, x := range x {
		out.in = append(out.in, inputOf(t, fmt.Sprintf("model %d", i+1), shape, numbers(x)))
		out.params = append(out.params, map[string]float64{})
	}
	if base != nil {
		out.base = inputOf(t, "base", shape, numbers(base))
	}
	known := 0
	for _, p := range m.Params {
		v, ok := given[p.Name]
		switch {
		case ok:
			known++
		case p.Required:
			t.Fatalf("%s needs %s", m.Name, p.Name)
		default:
			v = []float64{p.Default}
		}
		out.global[p.Name] = v[0]
		for i := range out.params {
			out.params[i][p.Name] = v[min(i, len(v)-1)]
		}
	}
	if known != len(given) {
		t.Fatalf("%s does not know all of %v", m.Name, given)
	}
	return out
}

// merged computes a tensor in one range.
func merged(m *Method, t *Tensor) ([]float64, error) {
	r, err := m.Prepare(context.Background(), t)
	if err != nil {
		return nil, err
	}
	dst := make([]float64, t.elements())
	compute(r, dst, t, 0)
	return dst, nil
}

func compute(r Range, dst []float64, t *Tensor, at int64) {
	x := make([][]float64, len(t.in))
	for i, in := range t.in {
		x[i] = slices.Clone(in.Data.(numbers)[at:][:len(dst)])
	}
	var base []float64
	if t.base != nil {
		base = slices.Clone(t.base.Data.(numbers)[at:][:len(dst)])
	}
	for i := range dst {
		dst[i] = math.NaN() // what is not written is seen
	}
	r(dst, x, base, at)
}
