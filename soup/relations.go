package soup

import "math"

// gram holds inner products of a reference, the base or else the first model, at
// index 0, and of the differences of the models from it, at 1 and on. From
// differences the small distances between checkpoints of one run can be had
// without cancellation.
type gram [][]float64

// models returns how many there are.
func (g gram) models() int { return len(g) - 1 }

// weights returns the inner products of the weights of the models, and of the
// reference last.
func (g gram) weights() [][]float64 {
	n := g.models()
	at := func(i, j int) float64 {
		switch w := g[0][0]; {
		case i == n && j == n:
			return w
		case i == n:
			return w + g[0][j+1]
		case j == n:
			return w + g[0][i+1]
		default:
			return w + g[0][i+1] + g[0][j+1] + g[i+1][j+1]
		}
	}
	w := square(n + 1)
	for i := range w {
		for j := range w {
			w[i][j] = at(i, j)
		}
		w[i][i] = max(w[i][i], 0)
	}
	return w
}

// mean returns the squared length of the mean of the models.
func (g gram) mean() float64 {
	k := make([]float64, len(g))
	for i := range k {
		k[i] = 1 / float64(g.models())
	}
	k[0] = 1
	return form(k, g)
}

// distance returns the distance between models i and j.
func (g gram) distance(i, j int) float64 {
	return math.Sqrt(max(0, g[i+1][i+1]+g[j+1][j+1]-2*g[i+1][j+1]))
}

// fromReference returns the inner products of the differences of the models from
// the reference.
func (g gram) fromReference() [][]float64 {
	d := make([][]float64, g.models())
	for i := range d {
		d[i] = g[i+1][1:]
	}
	return d
}

// fromMean returns the inner products of the differences of the models from
// their mean.
func (g gram) fromMean() [][]float64 {
	d := g.fromReference()
	n := float64(len(d))
	row, whole := make([]float64, len(d)), 0.0
	for i := range d {
		for _, v := range d[i] {
			row[i] += v / n
		}
		whole += row[i] / n
	}
	c := square(len(d))
	for i := range c {
		for j := range i + 1 {
			c[i][j] = d[i][j] - row[i] - row[j] + whole
			c[j][i] = c[i][j]
		}
		c[i][i] = max(c[i][i], 0)
	}
	return c
}

// noise is how small the square of a difference may be, beside the largest of a
// group, to be known to three digits: less is what rounding leaves of zero.
const noise = 0x1p-40

// largest returns the largest squared length of vectors with inner products p.
func largest(p [][]float64) (most float64) {
	for i := range p {
		most = max(most, p[i][i])
	}
	return most
}

// add adds o.
func (g gram) add(o gram) {
	for i := range g {
		for j := range g[i] {
			g[i][j] += o[i][j]
		}
	}
}

// angles returns the cosines between vectors with inner products p: NaN where
// one of them is not longer than the root of least, and has no direction.
func angles(p [][]float64, least float64) Matrix {
	out := Matrix(square(len(p)))
	for i := range p {
		for j := range p {
			switch {
			case !(p[i][i] > least && p[j][j] > least && lengthOf(p[i][i]) > 0 && lengthOf(p[j][j]) > 0):
				out[i][j] = math.NaN()
			case i == j:
				out[i][j] = 1
			default:
				out[i][j] = cosine(p[i][i], p[j][j], p[i][j])
			}
		}
	}
	return out
}
