package soup

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
