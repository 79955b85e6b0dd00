package soup

import "math"

// Tensors, rows and columns as vectors: what the spherical methods and model
// stock know of them are their inner products g, a symmetric matrix.

func square(n int) [][]float64 {
	g := make([][]float64, n)
	for i := range g {
		g[i] = make([]float64, n)
	}
	return g
}

// stretch is how many elements are looked at before the next vector is: those of
// some vectors fit the nearest cache.
const stretch = 1 << 10

// products returns the inner products of x.
func products(x [][]float64) [][]float64 {
	g := square(len(x))
	addProducts(g, x)
	return g
}

// addProducts adds the inner products of x to g.
func addProducts(g, x [][]float64) {
	for lo := 0; lo < len(x[0]); lo += stretch {
		hi := min(lo+stretch, len(x[0]))
		for i := range x {
			v, j := x[i][lo:hi], 0
			for ; j+1 <= i; j += 2 {
				a, b := dots(v, x[j][lo:hi], x[j+1][lo:hi])
				g[i][j] += a
				g[i][j+1] += b
			}
			if j <= i {
				g[i][j] += dot(v, x[j][lo:hi])
			}
		}
	}
	for i := range g {
		for j := range i {
			g[j][i] = g[i][j]
		}
	}
}

// dot is Σ x[i]·y[i], in eight sums: element i is added to number i mod 8, and
// what is left at the end to the first.
func dot(x, y []float64) float64 {
	var s [8]float64
	return dotFrom(dotFast(x, y[:len(x)], &s), x, y, &s)
}

// dots is x·y and x·z.
func dots(x, y, z []float64) (xy, xz float64) {
	var s, t [8]float64
	i := dotsFast(x, y[:len(x)], z[:len(x)], &s, &t)
	return dotFrom(i, x, y, &s), dotFrom(i, x, z, &t)
}

// dotFrom adds elements from i on, which begins eight, to sums.
func dotFrom(i int, x, y []float64, s *[8]float64) float64 {
	y = y[:len(x)]
	for ; i+8 <= len(x); i += 8 {
		x, y := x[i:i+8], y[i:i+8]
		s[0] += float64(x[0] * y[0])
		s[1] += float64(x[1] * y[1])
		s[2] += float64(x[2] * y[2])
		s[3] += float64(x[3] * y[3])
		s[4] += float64(x[4] * y[4])
		s[5] += float64(x[5] * y[5])
		s[6] += float64(x[6] * y[6])
		s[7] += float64(x[7] * y[7])
	}
	for ; i < len(x); i++ {
		s[0] += float64(x[i] * y[i])
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// form is Σ k[i]·k[j]·g[i][j], the squared length of Σ k[i]·x[i].
func form(k []float64, g [][]float64) float64 {
	var s float64
	for i := range k {
		s += float64(k[i] * dot(g[i], k))
	}
	return max(s, 0)
}

// cosine is that of the angle between two vectors, from their inner products:
// 0 if one of them has no length.
func cosine(xx, yy, xy float64) float64 {
	n := float64(lengthOf(xx) * lengthOf(yy))
	if n == 0 {
		return 0
	}
	return max(-1, min(1, xy/n))
}

// minLength is the length below which a vector has none, and no direction: what
// it is divided by stays within float64. Only F64 has elements so small.
const minLength = 0x1p-300

// lengthOf returns the length of a vector, from its inner product with itself.
func lengthOf(xx float64) float64 {
	n := math.Sqrt(xx)
	if n < minLength {
		return 0
	}
	return n
}

// arc returns the coefficients with which two vectors of the same length, at an
// angle with cosine c, -1 < c < 1, make the one at t of the way between them.
func arc(c, t float64) (a, b float64) {
	theta := math.Atan2(math.Sqrt(float64((1-c)*(1+c))), c)
	sin := math.Sin(theta)
	return math.Sin(float64((1-t)*theta)) / sin, math.Sin(float64(t*theta)) / sin
}
