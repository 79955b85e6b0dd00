// Package closeness says from sums over two lists of numbers, w and g, how near g
// is to w. What has no bound is the largest number: JSON has no infinity.
package closeness

import "math"

// Relative is √(Σ(g−w)²/Σw²); 1 if w is zero and g is not.
func Relative(dd, ww float64) float64 {
	switch {
	case dd == 0:
		return 0
	case ww == 0:
		return 1
	}
	return Finite(math.Sqrt(dd) / math.Sqrt(ww))
}

// Cosine is Σwg/√(Σw²·Σg²); 0 if a side is zero.
func Cosine(ww, gg, wg float64) float64 {
	n := math.Sqrt(ww) * math.Sqrt(gg)
	if n == 0 || n-n != 0 {
		return 0
	}
	return max(-1, min(1, wg/n))
}

// Finite returns x, or the largest number if it is none.
func Finite(x float64) float64 {
	if x-x != 0 {
		return math.MaxFloat64
	}
	return x
}
