package cpu

import (
	"math"

	"olmotool/accel"
)

// Rounding is that of the results of each operation.
type Rounding uint8

const (
	// Exact leaves results as the type of activations has them.
	Exact Rounding = iota
	// BF16 rounds them to the nearest bfloat16, ties to even, where eager
	// transformers does when a model is bfloat16, so that only the order of sums
	// differs. Activations stay float32 (or float64), with values of bfloat16.
	BF16
)

// Round rounds the elements of x in place. NaN stays NaN.
func Round[T accel.Float](x []T, r Rounding) {
	if r == BF16 {
		for i := roundFast(x); i < len(x); i++ {
			x[i] = bf16(x[i])
		}
	}
}

// bf16 returns the bfloat16 nearest to x, of two the even one.
func bf16[T accel.Float](x T) T {
	if x != x {
		return x
	}
	b := math.Float32bits(toOdd(x))
	b += 0x7fff + b>>16&1
	return T(math.Float32frombits(b &^ 0xffff))
}

// toOdd returns x in float32, exactly, or else of its two neighbours the one
// whose last bit is 1: rounding it again is as good as rounding x. A float32 it
// returns as it is.
func toOdd[T accel.Float](x T) float32 {
	f := float32(x)
	b := math.Float32bits(f)
	switch d := float64(f) - float64(x); {
	case d == 0 || b&1 != 0:
	case d > 0 == (x > 0): // further from zero than x
		b--
	default:
		b++
	}
	return math.Float32frombits(b)
}

// round returns x as r has it.
func round[T accel.Float](x T, r Rounding) T {
	if r == BF16 {
		return bf16(x)
	}
	return x
}
