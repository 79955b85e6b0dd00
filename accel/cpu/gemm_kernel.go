package cpu

import (
	"math"
	"unsafe"

	"olmotool/accel"
)

// gemmKernel is what one set of instructions has for products. What it lacks,
// plain Go does.
type gemmKernel[T accel.Float] struct {
	name string
	// A block of sums is of rows of weights, or fewer where rows are left over,
	// by the tokens of a tile, half of them, or a quarter, if there is one.
	rows, fewer, tokens int
	mul                 [2][3]mulFunc[T]
	// turn transposes n squares of side elements; its slices begin ldd and lds
	// elements apart, and the next square is that many steps on.
	turn func(dst []T, ldd, dstStep int, src []T, lds, srcStep, n int)
	side int
	// decode does as many elements of a type as it can, from the beginning.
	decode [4]func(dst []T, src []byte) int
}

// mulFunc computes a block of sums over up to kBlock k. With rows and tokens,
// which may be a part of a tile, those of the function, it is
//
//	for r := range rows {
//		for t := range tokens {
//			for k := 0; k < depth; k += chain {
//				var s T
//				for i := k; i < min(k+chain, depth); i++ {
//					s = fma(w[r*kBlock+i], x[i*tile+t], s)
//				}
//				if add || k > 0 {
//					s = y[r*tile+t] + s
//				}
//				y[r*tile+t] = s
//			}
//		}
//	}
//
// for depth tiles of x. It may bring nearer what begins at next: see fetch.
type mulFunc[T accel.Float] = func(y, x, w []T, chain int, add bool, next uintptr, stride, step int)

// multiply does mulFunc's work for so many rows, and for the first of so many
// tokens, which may be more than a tile has.
func (kn *gemmKernel[T]) multiply(y, x, w []T, rows, tokens, chain int, add bool, f fetch) {
	quarter := kn.tokens / 4
	some := kn.mul[0][2] != nil
	for t := 0; t < min(tokens, kn.tokens); {
		part := 0
		switch left := tokens - t; {
		case left <= quarter && some:
			part = 2
		case left <= 2*quarter, left <= 3*quarter && some:
			part = 1
		}
		for r := 0; r < rows; {
			n, fewer := kn.rows, 0
			if rows-r < n {
				n, fewer = kn.fewer, 1
			}
			kn.mul[fewer][part](y[r*kn.tokens+t:], x[t:], w[r*kBlock:], chain, add, f.next+uintptr(r*f.stride), f.stride, f.step)
			r += n
		}
		t += kn.tokens >> part
		f = fetch{next: f.next} // once is enough
	}
}

// plain32 and plain64 are the definition, without kernels.
var (
	plain32 = gemmKernel[float32]{name: plainName, rows: 1, fewer: 1, tokens: plainTokens, mul: plainMul(plainMul32)}
	plain64 = gemmKernel[float64]{name: plainName, rows: 1, fewer: 1, tokens: plainTokens, mul: plainMul(plainMul64)}
)

const (
	plainName   = "plain Go"
	plainTokens = 4
)

func plainKernel[T accel.Float]() *gemmKernel[T] {
	var kn any = &plain64
	if unsafe.Sizeof(T(0)) == 4 {
		kn = &plain32
	}
	return kn.(*gemmKernel[T])
}

func plainMul[T accel.Float](f mulFunc[T]) [2][3]mulFunc[T] {
	return [2][3]mulFunc[T]{{f, f}, {f, f}}
}

func plainMul32(y, x, w []float32, chain int, add bool, _ uintptr, _, _ int) {
	for depth := len(x) / plainTokens; depth > 0; add = true {
		n := min(chain, depth)
		var s0, s1, s2, s3 float32
		for k, v := range w[:n] {
			xs := (*[plainTokens]float32)(x[k*plainTokens:])
			// As fma32 begins, and most often ends.
			d := float64(v)
			d0, d1 := float64(xs[0])*d+float64(s0), float64(xs[1])*d+float64(s1)
			d2, d3 := float64(xs[2])*d+float64(s2), float64(xs[3])*d+float64(s3)
			if twice(d0) && twice(d1) && twice(d2) && twice(d3) {
				s0, s1, s2, s3 = float32(d0), float32(d1), float32(d2), float32(d3)
			} else {
				s0, s1, s2, s3 = fma32(xs[0], v, s0), fma32(xs[1], v, s1), fma32(xs[2], v, s2), fma32(xs[3], v, s3)
			}
		}
		plainSums(y, [plainTokens]float32{s0, s1, s2, s3}, add)
		x, w, depth = x[n*plainTokens:], w[n:], depth-n
	}
}

// twice reports whether a sum that was rounded to float64 may be rounded again:
// see fma32.
func twice(sum float64) bool {
	b := math.Float64bits(sum)
	return b&(1<<29-1) != 1<<28 && (b>>52&0x7ff > 1023-126 || sum == 0)
}

func plainMul64(y, x, w []float64, chain int, add bool, _ uintptr, _, _ int) {
	for depth := len(x) / plainTokens; depth > 0; add = true {
		n := min(chain, depth)
		var s [plainTokens]float64
		for k, v := range w[:n] {
			for t, x := range (*[plainTokens]float64)(x[k*plainTokens:]) {
				s[t] = math.FMA(x, v, s[t])
			}
		}
		plainSums(y, s, add)
		x, w, depth = x[n*plainTokens:], w[n:], depth-n
	}
}

func plainSums[T accel.Float](y []T, s [plainTokens]T, add bool) {
	for t, s := range s {
		if add {
			s = y[t] + s
		}
		y[t] = s
	}
}
