package cpu

import "olmotool/accel"

// Add adds x to y: the residual connection.
func Add[T accel.Float](threads int, y, x accel.Matrix[T], r Rounding) {
	mustMatch(y, x)
	split(threads, len(y.Data), rowElems, func(lo, hi int) {
		add(y.Data[lo:hi], x.Data[lo:hi])
		Round(y.Data[lo:hi], r)
	})
}

// SwiGLU sets y to silu(gate)·up, element by element, where silu(x) = x/(1 + e⁻ˣ).
// y may be gate. Rounded are silu and the product.
func SwiGLU[T accel.Float](threads int, y, gate, up accel.Matrix[T], r Rounding) {
	mustMatch(y, gate)
	mustMatch(y, up)
	split(threads, len(y.Data), rowElems, func(lo, hi int) {
		y := y.Data[lo:hi]
		silu(y, gate.Data[lo:hi])
		Round(y, r)
		mul(y, up.Data[lo:hi])
		Round(y, r)
	})
}

// Clip limits the elements of x to [−limit, limit]: clip_qkv of OLMo 1. NaN stays
// NaN. The limit is rounded as a result.
func Clip[T accel.Float](threads int, x accel.Matrix[T], limit float64, r Rounding) {
	l := round(T(limit), r)
	split(threads, len(x.Data), rowElems, func(lo, hi int) {
		for i, v := range x.Data[lo:hi] {
			switch {
			case v > l:
				x.Data[lo+i] = l
			case v < -l:
				x.Data[lo+i] = -l
			}
		}
	})
}
