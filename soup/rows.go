package soup

// part is x[lo:hi], nil if x is.
func part(x []float64, lo, hi int) []float64 {
	if x == nil {
		return nil
	}
	return x[lo:hi]
}

// eachRow calls f for the rows of a range, the last of which may be short.
func eachRow(row int, dst []float64, x [][]float64, base []float64, f func(dst []float64, x [][]float64, base []float64)) {
	r := make([][]float64, len(x))
	for lo := 0; lo < len(x[0]); lo += row {
		hi := min(lo+row, len(x[0]))
		for i, x := range x {
			r[i] = x[lo:hi]
		}
		f(part(dst, lo, hi), r, part(base, lo, hi))
	}
}

// differences returns x[i] - base.
func differences(x [][]float64, base []float64) [][]float64 {
	d := make([][]float64, len(x))
	for i, x := range x {
		d[i] = make([]float64, len(base))
		subtract(d[i], x, base)
	}
	return d
}
