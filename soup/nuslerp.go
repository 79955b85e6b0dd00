package soup

import (
	"context"
	"math"
)

// nuslerpMethod takes one pass, and none with nuslerp_flatten false and
// nuslerp_row_wise false: then a range of rows has all it needs.
var nuslerpMethod = Method{
	Name: "nuslerp",
	Doc: "(sin((1-t)θ) x[1] + sin(tθ) x[2]) / sin θ, with t = w[2]/(w[1]+w[2]) and θ the angle between x[1] and x[2]; " +
		"of their differences from the base if there is one, which is added again. On a straight line where sin θ < 1e-6.",
	Base: OptionalBase, Min: 2, Max: 2,
	Params: []Param{
		weightParam,
		{Name: "nuslerp_flatten", Doc: "the angle is that of whole tensors, not of rows", Bool: true, Default: 1},
		{Name: "nuslerp_row_wise", Doc: "without nuslerp_flatten: the angles are those along the first dimension, of columns", Bool: true},
	},
	ByRow:   func(t *Tensor) bool { return t.Param("nuslerp_flatten") == 0 && t.Param("nuslerp_row_wise") == 0 },
	Prepare: prepareNuslerp,
}

// weightParam is the weight that a model must be given.
var weightParam = Param{Name: "weight", Doc: "how much a model counts", PerModel: true, Required: true}

// nuslerpLine is sin² θ below which nuslerp takes the straight line. mergekit has
// 1e-16, which the rounding of sums over a tensor exceeds; what the line differs
// by from the arc is less than this share of the vectors.
const nuslerpLine = 1e-12

// prepareNuslerp decides what a vector is. Weights that sum to zero, within 1e-6,
// are equal weights; a vector of zeros is at a right angle to all.
func prepareNuslerp(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	w, at := t.weights(), 0.5
	if sum := w[0] + w[1]; math.Abs(sum) >= 1e-6 {
		at = w[1] / sum
	}
	switch {
	case t.Param("nuslerp_flatten") != 0:
		g, err := t.gram(ctx)
		if err != nil {
			return nil, err
		}
		w := wayBetween(g[0][0], g[1][1], g[0][1], at)
		return func(dst []float64, x [][]float64, base []float64, _ int64) {
			w.walk(dst, x, base)
		}, nil
	case t.Param("nuslerp_row_wise") != 0:
		return nuslerpColumns(ctx, t, at)
	}
	row, err := t.row()
	if err != nil {
		return nil, err
	}
	return func(dst []float64, x [][]float64, base []float64, _ int64) {
		eachRow(int(row), dst, x, base, func(dst []float64, x [][]float64, base []float64) {
			d := x
			if base != nil {
				d = differences(x, base)
			}
			g := products(d)
			wayBetween(g[0][0], g[1][1], g[0][1], at).walk(dst, x, base)
		})
	}, nil
}

// way is how two vectors make one: on an arc with coefficients a and b, or on a
// straight line.
type way struct {
	a, b, t  float64
	straight bool
}

// wayBetween returns the way of vectors with these inner products.
func wayBetween(xx, yy, xy, t float64) way {
	c := cosine(xx, yy, xy)
	if float64((1-c)*(1+c)) < nuslerpLine {
		return way{t: t, straight: true}
	}
	a, b := arc(c, t)
	return way{a: a, b: b}
}

func (w way) walk(dst []float64, x [][]float64, base []float64) {
	if w.straight {
		line(dst, x[0], x[1], w.t) // the base cancels out
		return
	}
	blend(dst, []float64{w.a, w.b}, x, base)
}

// nuslerpColumns takes the vectors along the first dimension: a column for each
// place in the others.
func nuslerpColumns(ctx context.Context, t *Tensor, at float64) (Range, error) {
	columns := int64(1)
	if len(t.Shape) > 0 && t.Shape[0] > 0 {
		columns = max(1, t.elements()/t.Shape[0])
	}
	if columns > maxRow {
		return nil, t.errorf("found %d columns, expected at most %d", columns, maxRow)
	}
	sums := func() [][]float64 { // x·x, y·y, x·y of each column
		return [][]float64{make([]float64, columns), make([]float64, columns), make([]float64, columns)}
	}
	g := sums()
	err := t.scanDifferences(ctx, columns, blocks(t.elements(), columns), func(int64) (look, func() error) {
		block := sums()
		return func(x [][]float64, _ []float64, _ int64) {
			eachRow(int(columns), nil, x, nil, func(_ []float64, x [][]float64, _ []float64) {
				for i, v := range x[0] {
					w := x[1][i]
					block[0][i] += float64(v * v)
					block[1][i] += float64(w * w)
					block[2][i] += float64(v * w)
				}
			})
		}, addLater(g, block)
	})
	if err != nil {
		return nil, err
	}
	ways := make([]way, columns)
	for c := range ways {
		ways[c] = wayBetween(g[0][c], g[1][c], g[2][c], at)
	}
	return func(dst []float64, x [][]float64, base []float64, first int64) {
		c := first % columns
		for i := range dst {
			x, y := x[0][i], x[1][i]
			switch w := &ways[c]; {
			case w.straight:
				dst[i] = between(x, y, w.t)
			case base == nil:
				dst[i] = twoTerms(w.a, x, w.b, y)
			default:
				dst[i] = moved(base[i], twoTerms(w.a, x-base[i], w.b, y-base[i]))
			}
			if c++; c == columns {
				c = 0
			}
		}
	}, nil
}
