package soup

import (
	"context"
	"math"
)

// multislerpMethod takes one pass.
var multislerpMethod = Method{
	Name: "multislerp",
	Doc: "Σ w[i] |x[i]| · m/|m|, with m = Σ w[i] x[i]/(|x[i]|+eps): the direction of the mean of unit vectors, at the mean length; " +
		"of the differences from the base if there is one, which is added again.",
	Base: OptionalBase, Min: 1,
	Params: []Param{
		weightParam,
		{Name: "normalize_weights", Doc: "divide the weights by their sum", Bool: true, Default: 1},
		{Name: "eps", Doc: "added to lengths; a length of m below it is none", Default: 1e-8},
	},
	Prepare: prepareMultislerp,
}

// multislerpNone is |m|² below which nothing is left of m but rounding, as a
// share of (Σ |w[i]|)².
const multislerpNone = 1e-14

// prepareMultislerp finds the coefficients. One model is returned as it is. If m
// vanishes, two models are added up as they are, with their weights, and of
// zeros alone the result is zero; of more models there is none, an error.
//
// The tangent space that mergekit visits adds nothing: what it sums up there is
// at right angles to m, and a sum that is parallel to m.
func prepareMultislerp(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	w, eps := t.weights(), t.Param("eps")
	if eps < 0 {
		return nil, t.paramf("found eps %g, expected none below 0", eps)
	}
	if len(w) == 1 {
		return copyFirst, nil
	}
	if t.Param("normalize_weights") != 0 {
		if err := t.normalize(w); err != nil {
			return nil, err
		}
	}
	g, err := t.gram(ctx)
	if err != nil {
		return nil, err
	}
	k := make([]float64, len(w))
	var length, total, longest float64
	for i, w := range w {
		if n := lengthOf(g[i][i]); n > 0 {
			k[i] = w / (n + eps)
			length += float64(w * n)
			total += math.Abs(w)
			longest = max(longest, n)
		}
	}
	switch m := form(k, g); {
	case longest == 0:
		k = make([]float64, len(w))
	case math.Sqrt(m) < eps || m <= float64(multislerpNone*total*total):
		if len(w) > 2 {
			return nil, t.errorf("found models the weighted directions of which add up to nothing, expected a direction")
		}
		k = w
	default:
		for i := range k {
			k[i] *= length / math.Sqrt(m)
		}
	}
	return func(dst []float64, x [][]float64, base []float64, _ int64) {
		blend(dst, k, x, base)
	}, nil
}

// normalize divides weights by their sum.
func (t *Tensor) normalize(w []float64) error {
	var sum float64
	for _, v := range w {
		sum += v
	}
	if sum == 0 {
		return t.paramf("%w", errZeroSum)
	}
	for i := range w {
		if w[i] /= sum; math.Abs(w[i]) > maxParam {
			return t.paramf("found weights whose sum is %g, expected one that they can be divided by", sum)
		}
	}
	return nil
}

// copyFirst is the range of a single model that is not to be changed.
func copyFirst(dst []float64, x [][]float64, _ []float64, _ int64) { copy(dst, x[0]) }
