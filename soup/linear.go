package soup

import (
	"context"
	"math/big"
)

var linear = Method{
	Name: "linear",
	Doc: "Σ w[i] x[i] / Σ w[i], correctly rounded. " +
		"The mean of models, plain or weighted; without normalize it is not divided.",
	Min: 1,
	Params: []Param{
		{Name: "weight", Doc: "how much of the model", PerModel: true, Required: true},
		{Name: "normalize", Doc: "divide by the sum of the weights", Bool: true, Default: 1},
	},
	combine: func(t *Tensor) (*combination, error) {
		w := make([]*big.Rat, len(t.exact))
		for i, p := range t.exact {
			w[i] = p["weight"]
		}
		return combine(w, t.Param("normalize") != 0)
	},
}

var passthrough = Method{
	Name: "passthrough",
	Doc:  "scale · x, correctly rounded. One model as it is, or scaled.",
	Min:  1, Max: 1,
	Params: []Param{
		{Name: "scale", Doc: "what to multiply by", PerModel: true, Default: 1},
	},
	combine: func(t *Tensor) (*combination, error) {
		return combine([]*big.Rat{t.exact[0]["scale"]}, false)
	},
}

// The two refer to what refers to them.
func init() {
	linear.Prepare = prepareCombination(linear.combine)
	passthrough.Prepare = prepareCombination(passthrough.combine)
}

// prepareCombination makes a method of a combination like any other; a merged
// tensor does not use it, see [combined].
func prepareCombination(combine func(*Tensor) (*combination, error)) func(context.Context, *Tensor) (Range, error) {
	return func(_ context.Context, t *Tensor) (Range, error) {
		c, err := combine(t)
		if err != nil {
			return nil, err
		}
		return func(dst []float64, x [][]float64, _ []float64, _ int64) {
			column := make([]float64, len(x))
			for i := range dst {
				for k := range x {
					column[k] = x[k][i]
				}
				dst[i] = c.element(column, t.full)
			}
		}, nil
	}
}
