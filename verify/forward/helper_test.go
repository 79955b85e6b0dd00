package forward

import (
	"context"
	"math"
	"testing"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/safetensors"
)

// open returns a model of ../../testdata, or one that is made up.
func open(t testing.TB, path string) *olmo.Model {
	t.Helper()
	if len(path) < 7 || path[:7] != "random:" {
		path = "../../testdata/" + path
	}
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// golden is a file of testdata: numbers by name.
type golden struct {
	*testing.T
	tensors map[string]formats.Tensor
}

func openGolden(t *testing.T, name string) golden {
	t.Helper()
	c, err := safetensors.Open("testdata/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	g := golden{t, map[string]formats.Tensor{}}
	for _, x := range c.Tensors {
		g.tensors[x.Name] = x
	}
	return g
}

func (g golden) floats(name string) []float64 {
	g.Helper()
	x, err := vector[float64](g.tensors[name])
	if err != nil {
		g.Fatal(err)
	}
	return x
}

func (g golden) ints(name string) []int32 {
	g.Helper()
	t := g.tensors[name]
	b := make([]byte, t.Bytes())
	if err := formats.ReadFull(t.Data, b, 0); err != nil {
		g.Fatal(err)
	}
	x := make([]int32, t.Elements())
	for i := range x {
		x[i] = int32(b[8*i]) | int32(b[8*i+1])<<8 // small numbers of 64 bits
	}
	return x
}

// newPass returns a pass that is closed with the test.
func newPass[T accel.Float](t testing.TB, m *olmo.Model, o Options[T]) *Pass[T] {
	t.Helper()
	p, err := New(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// logits runs a whole model, and calls after with the output of each block.
func logits[T accel.Float](t testing.TB, p *Pass[T], b Batch, tap Tap[T], after func(l int, x accel.Matrix[T])) accel.Matrix[T] {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	x, err := p.Embed(ctx, b)
	must(err)
	for l := range int(p.Config.NumHiddenLayers) {
		must(p.Block(ctx, l, b, x, tap))
		if after != nil {
			after(l, x)
		}
	}
	must(p.Norm(x))
	y, err := p.Logits(ctx, x)
	must(err)
	return y
}

// rows returns rows of a matrix, one after the other.
func rows[T accel.Float](m accel.Matrix[T], which []int32) []float64 {
	var x []float64
	for _, i := range which {
		for _, v := range m.Row(int(i)) {
			x = append(x, float64(v))
		}
	}
	return x
}

// relRMS is √(Σ(a−b)²/Σb²); NaN if there is one.
func relRMS(a, b []float64) float64 {
	var d, e float64
	for i := range b {
		d += (a[i] - b[i]) * (a[i] - b[i])
		e += b[i] * b[i]
	}
	return math.Sqrt(d / e)
}

func maxAbs(a, b []float64) float64 {
	m := 0.0
	for i := range b {
		m = max(m, math.Abs(a[i]-b[i]))
	}
	return m
}

// equal returns the share of elements that are equal.
func equal(a, b []float64) float64 {
	n := 0
	for i := range b {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n) / float64(len(b))
}
