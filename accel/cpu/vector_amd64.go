//go:build amd64 && !noasm

package cpu

import (
	"math"

	"olmotool/accel"
)

// The functions below do as much as kernels can of what the function of the
// same name does, from the beginning, and return the number of elements. What
// is left is plain Go's: the elements beyond the last group, or everything.

// groups returns what the kernels take of x: groups of sixteen float32.
func groups[T accel.Float](x []T) []float32 {
	f, _ := any(x).([]float32)
	if simd == plain {
		return nil
	}
	return f[:len(f)&^15]
}

// floats returns at least n numbers that are known to be float32.
func floats[T accel.Float](x []T, n int) []float32 {
	f, _ := any(x).([]float32)
	return f[:n]
}

func sumSquaresFast[T accel.Float](x []T, l *lanes) int {
	v := groups(x)
	switch {
	case simd == avx512:
		sumSquaresAVX512(v, (*[16]float64)(l))
	case len(v) > 0:
		sumSquaresAVX2(v, (*[16]float64)(l))
	}
	return len(v)
}

func scaleFast[T accel.Float](y, x []T, a T) int {
	v := groups(x)
	switch w := floats(y, len(v)); {
	case simd == avx512:
		scaleAVX512(w, v, float32(a))
	case len(v) > 0:
		scaleAVX2(w, v, float32(a))
	}
	return len(v)
}

func divideFast[T accel.Float](x []T, a T) int {
	v := groups(x)
	switch {
	case simd == avx512:
		divideAVX512(v, float32(a))
	case len(v) > 0:
		divideAVX2(v, float32(a))
	}
	return len(v)
}

func mulFast[T accel.Float](y, x []T) int {
	v := groups(x)
	switch w := floats(y, len(v)); {
	case simd == avx512:
		mulAVX512(w, v)
	case len(v) > 0:
		mulAVX2(w, v)
	}
	return len(v)
}

func addFast[T accel.Float](y, x []T) int {
	v := groups(x)
	switch w := floats(y, len(v)); {
	case simd == avx512:
		addAVX512(w, v)
	case len(v) > 0:
		addAVX2(w, v)
	}
	return len(v)
}

func rotateFast[T accel.Float](a, b, cos, sin []T) int {
	v := groups(cos)
	n := len(v)
	switch a, b, s := floats(a, n), floats(b, n), floats(sin, n); {
	case simd == avx512:
		rotateAVX512(a, b, v, s)
	case n > 0:
		rotateAVX2(a, b, v, s)
	}
	return n
}

func roundFast[T accel.Float](x []T) int {
	v := groups(x)
	switch {
	case simd == avx512:
		roundBF16AVX512(v)
	case len(v) > 0:
		roundBF16AVX2(v)
	}
	return len(v)
}

func siluFast[T accel.Float](y, x []T) int {
	v := groups(x)
	switch w := floats(y, len(v)); {
	case simd == avx512:
		siluAVX512(w, v)
	case len(v) > 0:
		siluAVX2(w, v)
	}
	return len(v)
}

func maximumFast[T accel.Float](x []T, m *T) int {
	v := groups(x)
	var l [16]float32
	fill(l[:], float32(math.Inf(-1)))
	switch {
	case simd == avx512:
		maximumAVX512(v, &l)
	case len(v) > 0:
		maximumAVX2(v, &l)
	}
	for _, f := range l {
		*m = max(*m, T(f))
	}
	return len(v)
}

// expSumFast does all elements: the last few among others that add nothing,
// since one eˣ in plain Go costs as much as two groups.
func expSumFast[T accel.Float](x []T, m T, l *lanes) int {
	v, ok := any(x).([]float32)
	if !ok || simd == plain {
		return 0
	}
	n := len(v) &^ 15
	expSumGroups(v[:n], float32(m), l)
	if n < len(v) {
		var rest [16]float32
		fill(rest[copy(rest[:], v[n:]):], float32(math.Inf(-1)))
		expSumGroups(rest[:], float32(m), l)
		copy(v[n:], rest[:])
	}
	return len(v)
}

func expSumGroups(x []float32, m float32, l *lanes) {
	if simd == avx512 {
		expSumAVX512(x, m, (*[16]float64)(l))
	} else {
		expSumAVX2(x, m, (*[16]float64)(l))
	}
}
