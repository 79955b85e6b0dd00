package metrics

import (
	"math"

	"olmotool/accel"
)

// At says which position a row of logits is of.
type At struct{ Sequence, Position int }

// Row is what is known of one position.
type Row struct {
	At
	Finite        bool    // neither side has a NaN or an infinity; if not, the rest is not set
	MaxAbs        float64 // largest |a−b|
	Std           float64 // standard deviation of the reference's logits
	KL, KLReverse float64
	// Top tokens of the reference and the candidate, and the reference's logit of
	// the first less that of the second. Of equal logits the lower id is taken.
	RefTop, CandTop int
	Margin          float64
}

// sums of one row, or of all: a the candidate, b the reference, d = a−b.
type sums struct {
	d, abs, dd, ds float64 // Σd, Σ|d|, Σd², Σd(a+b)
	aa, b, bb      float64
	maxAt          int // token of the largest |d|, of a row
	common         int // how many of the top ten are shared

	// Of all rows: Σ(d − mean d)² and Σ(b − mean b)², means of each row.
	centredDD, centredBB float64
}

// compareRow fills in all of r and returns the sums. Pieces of the work that
// equal rows do not need are left out.
func compareRow[R, C accel.Float](r *Row, b []R, a []C, h *histogram) (s sums) {
	maxA, maxB := math.Inf(-1), math.Inf(-1)
	for i := range b {
		x, y := float64(a[i]), float64(b[i])
		d := x - y
		abs := math.Abs(d)
		if abs > r.MaxAbs {
			r.MaxAbs, s.maxAt = abs, i
		}
		if x > maxA {
			maxA, r.CandTop = x, i
		}
		if y > maxB {
			maxB, r.RefTop = y, i
		}
		s.d += d
		s.abs += abs
		s.dd += d * d
		s.ds += d * (x + y)
		s.aa += x * x
		s.b += y
		s.bb += y * y
	}
	// A NaN or an infinity in either row leaves its trace in these.
	if sum := s.d + s.abs + s.aa + s.bb; sum-sum != 0 && !(finite(a) && finite(b)) {
		return s
	}
	r.Finite = true
	n := float64(len(b))
	r.Std = math.Sqrt(max(0, s.bb/n-(s.b/n)*(s.b/n)))
	r.Margin = float64(b[r.RefTop]) - float64(b[r.CandTop])
	if r.MaxAbs == 0 {
		h.add(0, int64(len(b)))
		s.common = min(topK, len(b))
		return s
	}
	for i := range b {
		h.add(math.Abs(float64(a[i])-float64(b[i])), 1)
	}
	s.common = common(topOf(b), topOf(a))
	r.KL, r.KLReverse = kl(b, a, maxB, maxA)
	return s
}

// kl returns KL(softmax b ‖ softmax a) and the reverse. With p = softmax b,
//
//	KL = Σ p·(ln p − ln q) = Σ p·(b − a) + ln Σ exp a − ln Σ exp b
//
// the latter two less their maxima. Rounding can make a small one negative,
// which it is not.
func kl[R, C accel.Float](b []R, a []C, maxB, maxA float64) (forward, reverse float64) {
	var zb, za, sb, sa float64
	for i := range b {
		x, y := float64(a[i]), float64(b[i])
		p, q := math.Exp(y-maxB), math.Exp(x-maxA)
		zb += p
		za += q
		sb += p * (y - x)
		sa += q * (x - y)
	}
	lse := (maxA - maxB) + math.Log(za/zb)
	return max(0, sb/zb+lse), max(0, sa/za-lse)
}

func finite[T accel.Float](x []T) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
