package soup

import (
	"context"
	"math"
)

// karcherMethod takes one pass.
var karcherMethod = Method{
	Name: "karcher",
	Doc: "Σ |x[i]|/N · u, with u the mean of the directions x[i]/|x[i]| on the sphere: the one from which " +
		"the great circles to them, taken as vectors, add up to nothing. It has no weights.",
	Base: NoBase, Min: 1,
	Params: []Param{
		{Name: "max_iter", Doc: "steps towards the mean, at most", Default: 10},
		{Name: "tol", Doc: "a step shorter than this is the last; a tensor shorter than this has no direction", Default: 1e-5},
	},
	Prepare: prepareKarcher,
}

const (
	// karcherSteps bounds max_iter: ten steps are more than are ever needed.
	karcherSteps = 1 << 16
	// karcherNone is the length below which nothing is left of a sum of directions
	// but rounding.
	karcherNone = 1e-7
	// opposite is the cosine, or less, of directions so nearly opposite that
	// rounding decides which great circle leads from one to the other.
	opposite = -1 + 1e-12
)

// prepareKarcher finds the coefficients of the mean. One model is returned as it
// is. Tensors shorter than tol have no direction, but a length; if there are no
// others, the result is zero. A direction opposite to the mean does not move it.
func prepareKarcher(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	steps, tol := t.Param("max_iter"), t.Param("tol")
	if steps != math.Trunc(steps) || steps < 0 || steps > karcherSteps {
		return nil, t.paramf("found max_iter %g, expected a whole number from 0 to %d", steps, karcherSteps)
	}
	if tol < 0 {
		return nil, t.paramf("found tol %g, expected none below 0", tol)
	}
	if len(t.in) == 1 {
		return copyFirst, nil
	}
	g, err := t.gram(ctx)
	if err != nil {
		return nil, err
	}
	k := karcherMean(g, int(steps), tol)
	return func(dst []float64, x [][]float64, _ []float64, _ int64) {
		blend(dst, k, x, nil)
	}, nil
}

// karcherMean returns the coefficients of the vectors with inner products g. All
// that the mean passes through on its way is a combination of them.
func karcherMean(g [][]float64, steps int, tol float64) []float64 {
	var valid []int // those that have a direction
	var length float64
	for i := range g {
		n := lengthOf(g[i][i])
		length += n / float64(len(g))
		if n > tol {
			valid = append(valid, i)
		}
	}
	k := make([]float64, len(g))
	if len(valid) == 0 {
		return k
	}
	cos := square(len(valid))
	u := make([]float64, len(valid))
	for a, i := range valid {
		for b, j := range valid {
			cos[a][b] = cosine(g[i][i], g[j][j], g[i][j])
		}
		u[a] = 1 / float64(len(valid))
	}
	if !unit(u, cos, tol) {
		clear(u)
		u[0] = 1
	}
	for range steps {
		step := tangent(u, cos, tol)
		n := math.Sqrt(form(step, cos))
		if n <= tol {
			break
		}
		sin, cosn := math.Sincos(n)
		for i := range u {
			u[i] = float64(cosn*u[i]) + float64(sin/n*step[i])
		}
		unit(u, cos, tol)
	}
	for a, i := range valid {
		k[i] = length * u[a] / lengthOf(g[i][i])
	}
	return k
}

// tangent is the mean of the great circles from u to each direction.
func tangent(u []float64, cos [][]float64, tol float64) []float64 {
	step := make([]float64, len(u))
	for i := range u {
		c := max(-1, min(1, dot(cos[i], u)))
		sin := math.Sqrt(float64((1 - c) * (1 + c)))
		theta := math.Atan2(sin, c)
		if theta < tol || sin == 0 || c <= opposite {
			continue
		}
		f := theta / sin / float64(len(u))
		step[i] += f
		for j := range u {
			step[j] -= float64(f * c * u[j])
		}
	}
	return step
}

// unit makes u as long as 1, unless it has no direction.
func unit(u []float64, cos [][]float64, tol float64) bool {
	n := math.Sqrt(form(u, cos))
	if n < max(tol, karcherNone) {
		return false
	}
	for i := range u {
		u[i] /= n
	}
	return true
}
