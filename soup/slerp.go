package soup

import (
	"context"
	"math"
)

// slerpMethod takes one pass.
var slerpMethod = Method{
	Name: "slerp",
	Doc: "(sin((1-t)θ) base + sin(tθ) x) / sin θ, with θ the angle between the two tensors as vectors: " +
		"t of the way from the base to a model, on a great circle. On a straight line where |cos θ| > 0.9995.",
	Base: NeedsBase, Min: 1, Max: 1,
	Params: []Param{
		{Name: "t", Doc: "where on the way: 0 is the base, 1 the model", Required: true},
	},
	Prepare: prepareSlerp,
}

// slerpLine is the cosine beyond which, either way, slerp takes the straight line.
const slerpLine = 0.9995

// prepareSlerp finds the angle. A vector of zeros is at a right angle to all.
func prepareSlerp(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	g := square(2)
	err := t.scan(ctx, 1, blocks(t.elements(), 1), func(int64) (look, func() error) {
		block := square(2)
		return func(x [][]float64, base []float64, _ int64) {
			addProducts(block, [][]float64{base, x[0]})
		}, addLater(g, block)
	})
	if err != nil {
		return nil, err
	}
	c, at := cosine(g[0][0], g[1][1], g[0][1]), t.Param("t")
	if math.Abs(c) > slerpLine {
		return func(dst []float64, x [][]float64, base []float64, _ int64) {
			line(dst, base, x[0], at)
		}, nil
	}
	a, b := arc(c, at)
	return func(dst []float64, x [][]float64, base []float64, _ int64) {
		blend(dst, []float64{a, b}, [][]float64{base, x[0]}, nil)
	}, nil
}
