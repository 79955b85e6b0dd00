package soup

import (
	"context"
	"math"
)

// nearswapMethod takes no pass.
var nearswapMethod = Method{
	Name: "nearswap",
	Doc: "base + min(1, t/|x-base|)·(x - base): the model's elements where they differ from the base's by no more than t, " +
		"and elsewhere the base's, moved by t.",
	Base: NeedsBase, Min: 1, Max: 1,
	Params: []Param{
		{Name: "t", Doc: "how far an element may be moved", Required: true},
	},
	Prepare: prepareNearswap,
}

// nearswapLeast is the difference below which differences count as this much:
// with a smaller t the model's elements are not reached.
const nearswapLeast = 1e-6

func prepareNearswap(_ context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	most := t.Param("t")
	if most < 0 {
		return nil, t.paramf("found t %g, expected none below 0", most)
	}
	return func(dst []float64, x [][]float64, base []float64, _ int64) {
		for j, b := range base[:len(dst)] {
			v := x[0][j]
			dst[j] = between(b, v, min(1, most/max(math.Abs(v-b), nearswapLeast)))
		}
	}, nil
}
