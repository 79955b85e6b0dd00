package cpu

import (
	"math"
	"math/rand/v2"

	"olmotool/accel"
)

// The formulas as one writes them down, in float64. They are what the operations
// are held to.

func naiveRMSNorm(x, weight []float64, eps float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = weight[i] * v / math.Sqrt(sum/float64(len(x))+eps)
	}
	return y
}

func naiveLayerNorm(x []float64, eps float64) []float64 {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean) / math.Sqrt(variance+eps)
	}
	return y
}

func naiveSilu(x float64) float64 { return x / (1 + math.Exp(-x)) }

// naiveAttention returns the result, and of each head the scores and the
// probabilities of all queries and keys.
func naiveAttention(q, k, v accel.Matrix[float64], heads, kvHeads, window int) (y accel.Matrix[float64], scores, probs []accel.Matrix[float64]) {
	n, d := q.Rows, q.Cols/heads
	y = accel.NewMatrix[float64](n, q.Cols)
	for h := range heads {
		s, p := accel.NewMatrix[float64](n, n), accel.NewMatrix[float64](n, n)
		kv := int(math.Floor(float64(h) * float64(kvHeads) / float64(heads)))
		for i := range n {
			sum := 0.0
			for j := range n {
				for c := range d {
					s.Row(i)[j] += q.Row(i)[h*d+c] * k.Row(j)[kv*d+c]
				}
				s.Row(i)[j] /= math.Sqrt(float64(d))
				if j > i || window > 0 && i-j >= window {
					s.Row(i)[j] = math.Inf(-1)
				}
				p.Row(i)[j] = math.Exp(s.Row(i)[j])
				sum += p.Row(i)[j]
			}
			for j := range n {
				p.Row(i)[j] /= sum
				for c := range d {
					y.Row(i)[h*d+c] += p.Row(i)[j] * v.Row(j)[kv*d+c]
				}
			}
		}
		scores, probs = append(scores, s), append(probs, p)
	}
	return y, scores, probs
}

// random returns a matrix of normal numbers.
func random[T accel.Float](r *rand.Rand, rows, cols int) accel.Matrix[T] {
	m := accel.NewMatrix[T](rows, cols)
	for i := range m.Data {
		m.Data[i] = T(r.NormFloat64())
	}
	return m
}

func clone[T accel.Float](m accel.Matrix[T]) accel.Matrix[T] {
	m.Data = append([]T{}, m.Data...)
	return m
}

// widen returns the matrix in float64.
func widen[T accel.Float](m accel.Matrix[T]) accel.Matrix[float64] {
	w := accel.NewMatrix[float64](m.Rows, m.Cols)
	for i, v := range m.Data {
		w.Data[i] = float64(v)
	}
	return w
}

// unit is half the distance of 1 to the next number.
func unit[T accel.Float]() float64 {
	var x T
	if _, ok := any(x).(float32); ok {
		return 0x1p-24
	}
	return 0x1p-53
}

// failer is *testing.T or *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// near fails unless numbers are within so many units of the largest wanted.
func near[T accel.Float](t failer, what string, got []T, want []float64, units float64) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= units*unit[T]()*largest) {
			t.Fatalf("%s: %g at %d, want %g: apart by %.1f units", what, got[i], i, w, d/unit[T]()/largest)
		}
	}
}

// closeTo fails unless each number is within so many units of its own size.
func closeTo[T accel.Float](t failer, what string, got []T, want []float64, units float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= units*unit[T]()*math.Abs(w)) {
			t.Fatalf("%s: %g at %d, want %g: apart by %.1f units", what, got[i], i, w, d/unit[T]()/math.Abs(w))
		}
	}
}

// same fails unless numbers are the same; all NaN are.
func same[T accel.Float](t failer, what string, got, want []T) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if g != w && (g == g || w == w) || math.Signbit(float64(g)) != math.Signbit(float64(w)) && w == w {
			t.Fatalf("%s: %x at %d, want %x", what, g, i, w)
		}
	}
}
