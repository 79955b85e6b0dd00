package soup

import (
	"math"

	"olmotool/formats"
)

// combined computes blocks of a linear combination.
type combined struct {
	*combination
	in  []*input
	out formats.DType

	narrow      bool // all types are ones that block arithmetic knows
	significand int  // of the widest input
	lost        *formats.CastStats
}

func newCombined(c *combination, in []*input, out formats.DType, lost *formats.CastStats) *combined {
	k := &combined{combination: c, in: in, out: out, narrow: out != formats.F64, lost: lost}
	for _, t := range in {
		bits := significands[t.DType]
		k.narrow = k.narrow && bits != 0
		k.significand = max(k.significand, bits)
	}
	return k
}

// block sets dst to the bytes of n elements, from element at on. raw are the bytes
// of the same elements of the inputs.
func (k *combined) block(s *scratch, dst []byte, raw [][]byte, n int, at int64) error {
	if k.narrow && (k.exactly(s, dst, raw, n) || k.nearly(s, dst, raw, n)) {
		return nil
	}
	return k.carefully(s, dst, raw, n, at)
}

// exactly does a block in which nothing is rounded before the division, and
// reports whether it was one.
func (k *combined) exactly(s *scratch, dst []byte, raw [][]byte, n int) bool {
	if !k.mayFit(k.significand) {
		return false
	}
	sums, mid := s.y[:n], s.mid[:n]
	e := k.sum(sums, mid, raw, k.nf)
	if !k.fits(e, k.significand) {
		return false
	}
	k.divide(mid, sums, k.df)
	encodeOdd(dst, k.out, mid)
	// The quotients are normal numbers of float32, and seldom too large.
	if k.out == formats.F16 || !k.shrinks || e.high == infinite-1 {
		count(dst, k.out, mid, k.lost)
	}
	return true
}

// negativeZeros are what sums begin with: to which one can add any number without
// changing it, its sign if it is zero neither.
var negativeZeros = func() (z [blockElems]float64) {
	for i := range z {
		z[i] = math.Copysign(0, -1)
	}
	return z
}()

// sum sets sums to Σ w[i]·x[i] and returns the extent of x. mid is scratch.
func (k *combined) sum(sums []float64, mid []float32, raw [][]byte, w []float64) extent {
	var seen spread
	copy(sums, negativeZeros[:])
	for i, t := range k.in {
		narrow(mid, t.DType, raw[i])
		accumulate(sums, mid, w[i], &seen)
	}
	return seen.extent()
}

// divide rounds quotients to float32: to nearest, or to odd if they are rounded
// again.
func (k *combined) divide(dst []float32, sums []float64, d float64) {
	if k.out == formats.F32 {
		divideNearest(dst, sums, d)
	} else {
		divide(dst, sums, d)
	}
}

// nearly does a block with a bound on the error of all its elements, and those
// that are too near to where rounding turns one by one. It reports whether these
// were few.
func (k *combined) nearly(s *scratch, dst []byte, raw [][]byte, n int) bool {
	sums, mid := s.y[:n], s.mid[:n]
	e := k.sum(sums, mid, raw, k.approx)
	if e.high >= infinite || k.tiny {
		return false
	}
	size := 0.0
	for _, a := range k.approx {
		size += math.Abs(a)
	}
	limit := k.limit(size * math.Ldexp(1, e.high+1-127))
	doubtful := s.doubtful[:0]
	for j, y := range sums {
		if away(y) <= limit || math.Abs(y) < 0x1p-126 {
			if doubtful = append(doubtful, j); len(doubtful) > n/4 {
				return false
			}
		}
	}
	s.doubtful = doubtful
	k.divide(mid, sums, 1)
	column, one := make([]float64, len(k.in)), make([]float32, 1)
	for _, j := range doubtful {
		for i, t := range k.in {
			w := int(t.DType.BlockBytes())
			widen(column[i:i+1], t.DType, raw[i][j*w:(j+1)*w], one)
		}
		y := k.element(column, false)
		if mid[j] = toOdd(y); k.out == formats.F32 {
			if mid[j] = float32(y); mid[j] == 0 && y != 0 {
				k.lost.Underflow.Add(1)
			}
		}
	}
	encodeOdd(dst, k.out, mid)
	count(dst, k.out, mid, k.lost)
	return true
}

// carefully does any block, element by element.
func (k *combined) carefully(s *scratch, dst []byte, raw [][]byte, n int, at int64) error {
	x := s.floats(len(k.in), n)
	finiteAll := true
	for i, t := range k.in {
		if widen(x[i], t.DType, raw[i], s.mid) {
			continue
		}
		if j := finite(x[i]); j >= 0 {
			if !t.anyway {
				return t.notFinite(at+int64(j), x[i][j])
			}
			finiteAll = false
		}
	}
	y, column := s.y[:n], make([]float64, len(x))
	for j := range y {
		for i := range x {
			column[i] = x[i][j]
		}
		if finiteAll || finite(column) < 0 {
			y[j] = k.element(column, k.out == formats.F64)
		} else {
			y[j] = k.notFinite(column)
		}
	}
	encode(dst, k.out, y, s.mid, k.lost)
	return nil
}

// notFinite is the combination of numbers some of which are infinite or NaN.
func (c *combination) notFinite(x []float64) float64 {
	y := 0.0
	for i, v := range x {
		y += float64(c.nf[i] * v)
	}
	return y / c.df
}
