package cpu

import (
	"math"

	"olmotool/accel"
)

// The operations on rows, of which all others are made. Each begins with what
// kernels can do of it, and goes on in plain Go, which is its definition.
//
// Sums have a fixed shape: sixteen lanes in float64, element i in lane i mod 16,
// which are then added in pairs. It is the same for kernels of any width.

// lanes are the partial sums of a row.
type lanes [16]float64

func (l *lanes) sum() float64 {
	for n := len(l) / 2; n > 0; n /= 2 {
		for i := range n {
			l[i] += l[i+n]
		}
	}
	return l[0]
}

// sum returns the sum of f over x.
func sum[T accel.Float](x []T, f func(float64) float64) float64 {
	var l lanes
	for i, v := range x {
		l[i%16] += f(float64(v))
	}
	return l.sum()
}

// sumSquares returns the sum of the squares of x.
func sumSquares[T accel.Float](x []T) float64 {
	var l lanes
	for i := sumSquaresFast(x, &l); i < len(x); i++ {
		l[i%16] += float64(float64(x[i]) * float64(x[i]))
	}
	return l.sum()
}

// scale sets y to x·a. y may be x.
func scale[T accel.Float](y, x []T, a T) {
	y = y[:len(x)]
	for i := scaleFast(y, x, a); i < len(x); i++ {
		y[i] = x[i] * a
	}
}

// mul sets y to y·x.
func mul[T accel.Float](y, x []T) {
	x = x[:len(y)]
	for i := mulFast(y, x); i < len(y); i++ {
		y[i] *= x[i]
	}
}

// add sets y to y + x.
func add[T accel.Float](y, x []T) {
	x = x[:len(y)]
	for i := addFast(y, x); i < len(y); i++ {
		y[i] += x[i]
	}
}

// silu sets y to x/(1 + e⁻ˣ). y may be x.
func silu[T accel.Float](y, x []T) {
	y = y[:len(x)]
	for i := siluFast(y, x); i < len(x); i++ {
		y[i] = x[i] / (1 + exp(-x[i]))
	}
}

// rotate turns the points (a, b) by angles of which it gets the cosines and sines.
func rotate[T accel.Float](a, b, cos, sin []T) {
	b, cos, sin = b[:len(a)], cos[:len(a)], sin[:len(a)]
	for i := rotateFast(a, b, cos, sin); i < len(a); i++ {
		a[i], b[i] = T(a[i]*cos[i])-T(b[i]*sin[i]), T(b[i]*cos[i])+T(a[i]*sin[i])
	}
}

// softmax sets x to eˣ/Σeˣ, computed from differences to the largest. The sum is
// in float64. One NaN makes all NaN.
func softmax[T accel.Float](x []T) {
	m := T(math.Inf(-1))
	for i := maximumFast(x, &m); i < len(x); i++ {
		if x[i] > m {
			m = x[i]
		}
	}
	var l lanes
	for i := expSumFast(x, m, &l); i < len(x); i++ {
		x[i] = exp(x[i] - m)
		l[i%16] += float64(x[i])
	}
	s := T(l.sum())
	for i := divideFast(x, s); i < len(x); i++ {
		x[i] /= s
	}
}
