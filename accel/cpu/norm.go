package cpu

import (
	"math"

	"olmotool/accel"
)

// NormOrder is when a norm's result is rounded to the type of the model. Without
// [BF16] it makes no difference.
type NormOrder uint8

const (
	// MultiplyThenCast multiplies by the weight in float32 and rounds the
	// product: transformers since 4.53, OLMo-core.
	MultiplyThenCast NormOrder = iota
	// CastThenMultiply rounds before the weight, and the product again: the
	// first OLMo code, transformers when OLMo 2 was new.
	CastThenMultiply
)

// RMSNorm sets each row of y to x·weight/√(mean(x²) + eps). y may be x.
//
// The mean is summed in float64; its root is rounded to T before it multiplies x.
func RMSNorm[T accel.Float](threads int, y, x accel.Matrix[T], weight []T, eps float64, order NormOrder, r Rounding) {
	mustMatch(y, x)
	must(len(weight) == x.Cols, badWeight)
	split(threads, x.Rows, rowGrain(x.Cols), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x, y := x.Row(i), y.Row(i)
			scale(y, x, T(1/math.Sqrt(sumSquares(x)/float64(len(x))+eps)))
			if order == CastThenMultiply {
				Round(y, r)
			}
			mul(y, weight)
			Round(y, r)
		}
	})
}

// LayerNorm sets each row of y to (x − mean(x))/√(var(x) + eps), the norm of
// OLMo 1, which has no weights and eps 1e-5. y may be x. It computes in float64
// and rounds once.
func LayerNorm[T accel.Float](threads int, y, x accel.Matrix[T], eps float64, r Rounding) {
	mustMatch(y, x)
	split(threads, x.Rows, rowGrain(x.Cols), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x, y := x.Row(i), y.Row(i)
			n := float64(len(x))
			mean := sum(x, func(v float64) float64 { return v }) / n
			variance := sum(x, func(v float64) float64 { return float64((v - mean) * (v - mean)) }) / n
			s := 1 / math.Sqrt(variance+eps)
			for j, v := range x {
				y[j] = T((float64(v) - mean) * s)
			}
			Round(y, r)
		}
	})
}
