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

// subtract sets dst to x - y.
func subtract(dst, x, y []float64) {
	dst, y = dst[:len(x)], y[:len(x)]
	for i := subtractFast(dst, x, y); i < len(x); i++ {
		dst[i] = x[i] - y[i]
	}
}

// blend sets dst to Σ k[i]·x[i], or, if there is a base, to
// base + Σ k[i]·(x[i] - base).
func blend(dst, k []float64, x [][]float64, base []float64) {
	clear(dst)
	first := true
	for i, x := range x {
		k, x := k[i], x[:len(dst)]
		switch {
		case k == 0: // no trace of it, not even on the sign of a zero
		case base != nil:
			base := base[:len(dst)]
			for j := addScaledFast(dst, x, base, k); j < len(dst); j++ {
				dst[j] += float64(k * (x[j] - base[j]))
			}
		case first:
			for j := range dst {
				dst[j] = k * x[j]
			}
			first = false
		default:
			for j := range dst {
				dst[j] += float64(k * x[j])
			}
		}
	}
	if base != nil {
		addTo(dst, base)
	}
}

// scale multiplies x by k.
func scale(x []float64, k float64) {
	for i := scaleFast(x, k); i < len(x); i++ {
		x[i] *= k
	}
}

// add adds x to dst.
func add(dst, x []float64) {
	dst = dst[:len(x)]
	for i := addFast(dst, x); i < len(x); i++ {
		dst[i] += x[i]
	}
}

// divideEach divides x by the elements of y that are not zero.
func divideEach(x, y []float64) {
	y = y[:len(x)]
	for i := divideEachFast(x, y); i < len(x); i++ {
		if y[i] != 0 {
			x[i] /= y[i]
		}
	}
}

// twoTerms is a·x + b·y, where a coefficient of zero leaves no trace.
func twoTerms(a, x, b, y float64) float64 {
	switch {
	case b == 0:
		return a * x
	case a == 0:
		return b * y
	}
	return float64(a*x) + float64(b*y)
}

// addTo adds base to differences.
func addTo(d, base []float64) {
	base = base[:len(d)]
	for i := addToFast(d, base); i < len(d); i++ {
		d[i] = moved(base[i], d[i])
	}
}

// moved is base + d, where no difference leaves a zero its sign.
func moved(base, d float64) float64 {
	if base == 0 && d == 0 {
		return base
	}
	return base + d
}

// line sets dst to x + t·(y - x): exactly x and y at 0 and 1, and where they are
// equal.
func line(dst, x, y []float64, t float64) {
	for i, v := range x {
		dst[i] = between(v, y[i], t)
	}
}

func between(x, y, t float64) float64 {
	switch {
	case x == y || t == 0:
		return x
	case t < 0.5:
		return x + float64(t*(y-x))
	}
	return y - float64((1-t)*(y-x))
}
