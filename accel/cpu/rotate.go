package cpu

import "olmotool/accel"

// Rotate applies rotary positions to the heads of x, which lie side by side in
// its rows. The two halves of a head are the coordinates that turn, element j
// with element j + half:
//
//	x[j]·cos − x[j+half]·sin, x[j+half]·cos + x[j]·sin
//
// The tables have half a head of columns; row i of x turns by their row at[i].
// Products are rounded to T, as transformers rounds them to float32 even when a
// model is bfloat16.
func Rotate[T accel.Float](threads int, x accel.Matrix[T], heads int, cos, sin accel.Matrix[T], at []int, r Rounding) {
	mustMatch(x, x)
	mustMatch(cos, sin)
	must(heads > 0 && x.Cols == heads*2*cos.Cols && len(at) == x.Rows, badHeads)
	for _, p := range at {
		must(p >= 0 && p < cos.Rows, badPosition)
	}
	half := cos.Cols
	split(threads, x.Rows, rowGrain(x.Cols), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x, c, s := x.Row(i), cos.Row(at[i]), sin.Row(at[i])
			for h := 0; h < len(x); h += 2 * half {
				rotate(x[h:h+half], x[h+half:h+2*half], c, s)
			}
			Round(x, r)
		}
	})
}
