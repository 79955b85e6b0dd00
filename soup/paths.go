package soup

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"olmotool/formats"
)

// path is a way of computing a mean that others have taken: it reproduces the
// bits of what they published.
type path struct {
	name, doc string
	// compute sets dst to the merge of the columns x, values of the type d. x may
	// be overwritten.
	compute func(dst []float32, x [][]float32, r *rounder)
}

// rounder rounds to the element type of a published model.
type rounder struct {
	d   formats.DType
	raw []byte
}

// all rounds values to nearest even.
func (r *rounder) all(x []float32) {
	if r.d == formats.F32 {
		return
	}
	r.raw = grow(r.raw, 2*len(x))
	encodeOdd(r.raw, r.d, x)
	narrow(x, r.d, r.raw)
}

func (r *rounder) one(x float32) float32 {
	y := []float32{x}
	r.all(y)
	return y[0]
}

// paths returns the ways that are known for these weights.
func paths(w []*big.Rat) []path {
	uniform := true
	f := make([]float32, len(w))
	text := make([]string, len(w))
	for i, x := range w {
		uniform = uniform && x.Cmp(w[0]) == 0
		y, _ := x.Float64()
		f[i] = float32(y)
		text[i] = x.RatString()
	}
	said := strings.Join(text, ", ")
	ps := []path{
		{"mergekit-0.1.5", "mergekit 0.1.5, weights " + said, weightedSum(f)},
		{"mergekit-0.1.4", "mergekit to 0.1.4, weights " + said, roundedSum(f)},
	}
	if !uniform {
		return ps
	}
	n := len(w)
	thirds := make([]float32, n)
	for i := range thirds {
		thirds[i] = float32(1 / float64(n))
	}
	ps = append(ps,
		path{"f32-sum", "float32 sum in order, divided, rounded: OLMo-core's merge_hf_checkpoints.py", floatSum},
		path{"f32-scaled", "float32 sum of x·float32(1/N), rounded: OLMo-core's merge_core_checkpoints.py", scaledSum(n)},
		path{"half-sum", "sum and quotient rounded at every step", halfSum},
	)
	if w[0].Cmp(big.NewRat(1, int64(n))) != 0 {
		ps = append(ps, path{fmt.Sprintf("mergekit-0.1.4/%d", n), fmt.Sprintf("mergekit to 0.1.4, weights %v", 1/float64(n)), roundedSum(thirds)})
	} else {
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 1
		}
		ps = append(ps, path{"mergekit-0.1.4/1", "mergekit to 0.1.4, weights 1", roundedSum(ones)})
	}
	return ps
}

// floatSum is (x + y + …)/n in float32.
func floatSum(dst []float32, x [][]float32, r *rounder) {
	copy(dst, x[0])
	for _, x := range x[1:] {
		for j := range dst {
			dst[j] += x[j]
		}
	}
	for j := range dst {
		dst[j] /= float32(len(x))
	}
	r.all(dst)
}

// scaledSum is x·(1/n) + y·(1/n) + … in float32.
func scaledSum(n int) func(dst []float32, x [][]float32, r *rounder) {
	scale := float32(1 / float64(n))
	return func(dst []float32, x [][]float32, r *rounder) {
		clear(dst)
		for _, x := range x {
			for j := range dst {
				dst[j] += float32(x[j] * scale)
			}
		}
		r.all(dst)
	}
}

// halfSum is floatSum with every step rounded.
func halfSum(dst []float32, x [][]float32, r *rounder) {
	copy(dst, x[0])
	r.all(dst)
	for _, x := range x[1:] {
		r.all(x)
		for j := range dst {
			dst[j] += x[j]
		}
		r.all(dst)
	}
	for j := range dst {
		dst[j] /= float32(len(x))
	}
	r.all(dst)
}

// weightedSum is Σ w·x / Σ w in float32, of inputs that were rounded to the type
// of the result.
func weightedSum(w []float32) func(dst []float32, x [][]float32, r *rounder) {
	var total float32
	for _, w := range w {
		total += w
	}
	return func(dst []float32, x [][]float32, r *rounder) {
		clear(dst)
		for i, x := range x {
			r.all(x)
			for j := range dst {
				dst[j] = fma(w[i], x[j], dst[j])
			}
		}
		for j := range dst {
			dst[j] /= total
		}
		r.all(dst)
	}
}

// fma is a·b + c, rounded once: torch's addcmul is compiled so.
func fma(a, b, c float32) float32 {
	s, rest := twoSum(float64(a)*float64(b), float64(c))
	if bits := math.Float64bits(s); rest != 0 && bits&1 == 0 {
		if (rest > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}

// roundedSum is weightedSum with weights, products, both sums and the quotient
// rounded.
func roundedSum(w []float32) func(dst []float32, x [][]float32, r *rounder) {
	return func(dst []float32, x [][]float32, r *rounder) {
		var total float32
		clear(dst)
		for i, x := range x {
			weight := r.one(w[i])
			total += weight
			r.all(x)
			for j := range x {
				x[j] *= weight
			}
			r.all(x)
			for j := range dst {
				dst[j] += x[j]
			}
		}
		total = r.one(total)
		r.all(dst)
		for j := range dst {
			dst[j] /= total
		}
		r.all(dst)
	}
}
