package soup

import (
	"context"
	"math"
)

// modelStockMethod takes one pass, and none with filter_wise: then a range of
// rows has all it needs.
var modelStockMethod = Method{
	Name: "model_stock",
	Doc: "base + t·(mean of x - base), with t = N c/(1+(N-1)c) and c the mean cosine of the angles between the " +
		"models' differences from the base: the less they agree, the nearer to the base.",
	Base: NeedsBase, Min: 2,
	Params: []Param{
		{Name: "filter_wise", Doc: "an angle for each row, rather than for the tensor", Bool: true},
	},
	ByRow:   func(t *Tensor) bool { return t.Param("filter_wise") != 0 },
	Prepare: prepareModelStock,
}

// stockSingular is 1+(N-1)c below which differences cancel out, and t has no limit.
const stockSingular = 1e-6

func prepareModelStock(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	if t.Param("filter_wise") == 0 {
		g, err := t.gram(ctx)
		if err != nil {
			return nil, err
		}
		k := stockCoefficients(g)
		return func(dst []float64, x [][]float64, base []float64, _ int64) {
			blend(dst, k, x, base)
		}, nil
	}
	row, err := t.row()
	if err != nil {
		return nil, err
	}
	return func(dst []float64, x [][]float64, base []float64, _ int64) {
		eachRow(int(row), dst, x, base, func(dst []float64, x [][]float64, base []float64) {
			blend(dst, stockCoefficients(products(differences(x, base))), x, base)
		})
	}, nil
}

// stockCoefficients returns t/N for each model. It is 0, and the result the base,
// where differences cancel out. A difference of zero is at a right angle to all:
// mergekit takes that for all pairs whose lengths have a product far below 1e-6,
// which is to leave the norms of close checkpoints at the base. If differences
// are opposed rather than alike, t is negative, as it is there: on the other side
// of the base.
func stockCoefficients(g [][]float64) []float64 {
	n := float64(len(g))
	var c float64
	for i := range g {
		for j := range i {
			c += cosine(g[i][i], g[j][j], g[i][j])
		}
	}
	c /= n * (n - 1) / 2
	t := 0.0
	if d := 1 + float64((n-1)*c); math.Abs(d) >= stockSingular {
		t = n * c / d
	}
	k := make([]float64, len(g))
	for i := range k {
		k[i] = t / n
	}
	return k
}
