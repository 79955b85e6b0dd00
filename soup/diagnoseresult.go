package soup

import "math"

// result computes the elements of the result, and what rounding does to them.
func (w *passer) result(s *measured, at, n int64) error {
	w.y, w.z, w.out = grow(w.y, int(n)), grow(w.z, int(n)), grow(w.out, int(n*w.pass.out.BlockBytes()))
	s.rounded, s.dtypes = true, []string{w.pass.out.String()}
	step := max(blockElems/w.unit, 1) * w.unit
	for lo := int64(0); lo < n; lo += step {
		hi := min(lo+step, n)
		limit, err := w.compute(lo, hi, at)
		if err != nil {
			return err
		}
		y, z := w.y[lo:hi], w.z[lo:hi]
		subtract(y, z, y)
		s.err2 += dot(y, y)
		s.result2 += dot(z, z)
		for j, e := range y {
			sure := one(math.Abs(e) > limit.sure)
			if s.changed += sure; sure == 0 && e != 0 && limit.exceeded(math.Abs(e), int(lo)+j) {
				s.changed++
			}
		}
		for i, x := range w.x[:w.models] {
			x, n := x[lo:hi], int64(0)
			for j, r := range z {
				n += one(x[j] == r)
			}
			s.equal[i] += n
		}
	}
	return nil
}

// one is 1 if b is true, without a branch that would be mispredicted.
func one(b bool) (n int64) {
	if b {
		n = 1
	}
	return n
}

// compute sets elements [lo, hi) of y to the result as float64 has it, and those
// of z to what they are rounded to. It returns what y may be wrong by.
func (w *passer) compute(lo, hi, at int64) (doubt, error) {
	d := w.pass.out
	b := d.BlockBytes()
	y, z, out := w.y[lo:hi], w.z[lo:hi], w.out[lo*b:hi*b]
	var limit doubt
	switch k := w.kernel.(type) {
	case *ranged:
		x := make([][]float64, len(w.in))
		for i := range x {
			x[i] = w.x[i][lo:hi]
		}
		var base []float64
		if k.base {
			x, base = x[:w.models], x[w.models]
		}
		k.compute(y, x, base, at+lo)
		encode(out, d, y, w.mid, k.lost)
		limit = doubt{z: w.z, sure: math.Inf(1)}
	case *combined:
		raw, x := make([][]byte, len(k.in)), make([][]float64, len(k.in))
		for i, j := range w.used(k.in) {
			c := k.in[i].DType.BlockBytes()
			raw[i], x[i] = w.raw[j][lo*c:hi*c], w.x[j]
		}
		w.scratch.y, w.scratch.mid = grow(w.scratch.y, len(y)), grow(w.scratch.mid, len(y))
		if err := k.block(&w.scratch, out, raw, len(y), at+lo); err != nil {
			return limit, err
		}
		limit = w.plainly(k, y, x, raw, lo)
	}
	widen(z, d, out, w.mid)
	return limit, nil
}

// used returns the indices of inputs.
func (w *passer) used(in []*input) []int {
	out := make([]int, len(in))
	for i, t := range in {
		for j, u := range w.in {
			if t == u {
				out[i] = j
			}
		}
	}
	return out
}

// doubt bounds the error of results in float64, of which a difference from what
// they are rounded to has to be told.
type doubt struct {
	sure float64   // what is beyond it is none, whatever the element
	c    []float64 // of a combination
	x    [][]float64
	z    []float64 // the results of another method
}

// relative is how much of the sizes of its terms, per term, a float64 sum of
// products is wrong at most, with room for the coefficients' own rounding and the
// division.
const relative = 0x1p-50

// exceeded reports whether a difference e at element j is no error of float64.
func (d doubt) exceeded(e float64, j int) bool {
	if d.z != nil {
		return e > relative*math.Abs(d.z[j])
	}
	size := 0.0
	for i, c := range d.c {
		size += math.Abs(c * d.x[i][j])
	}
	return e > relative*float64(len(d.c))*size
}

// plainly sets y to a combination of elements from lo on, as float64 has it.
func (w *passer) plainly(k *combined, y []float64, x [][]float64, raw [][]byte, lo int64) doubt {
	c, div := k.approx, 1.0
	if k.nice {
		c, div = k.nf, k.df
	}
	size := 0.0
	for _, a := range k.approx {
		size += math.Abs(a)
	}
	if k.narrow {
		size *= math.Ldexp(1, k.sum(y, w.scratch.mid[:len(y)], raw, c).high+1-127)
	} else {
		largest := 0.0
		clear(y)
		for i, c := range c {
			for j, v := range x[i][lo : lo+int64(len(y))] {
				y[j] += float64(c * v)
				largest = max(largest, math.Abs(v))
			}
		}
		size *= largest
	}
	if div != 1 {
		for j := range y {
			y[j] /= div
		}
	}
	return doubt{sure: relative * float64(len(c)) * size, c: k.approx, x: x}
}
