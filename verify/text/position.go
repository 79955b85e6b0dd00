package text

import (
	"math"

	"olmotool/accel"
)

// position is what a scored position adds to the report; without a candidate,
// nll[0] alone.
type position struct {
	nll  [2]float64 // of the reference and the candidate
	kl   float64
	dp   float64
	same bool
}

// score scores a position by the logits of one model or two, against the token
// that came.
func score[T accel.Float](logits [][]T, came int32) position {
	ref := logits[0]
	rTop := largest(ref)
	if len(logits) == 1 {
		return position{nll: [2]float64{logSum(ref, rTop) - above(ref, came, rTop)}}
	}
	cand := logits[1]
	cTop := largest(cand)
	// Of logits less their largest, with Z their Σ eˣ:
	// KL = Σ eʳ·(r − c)/Z(r) − ln Z(r) + ln Z(c).
	var sum, dot float64
	r0, c0 := float64(ref[rTop]), float64(cand[cTop])
	for i, r := range ref {
		r, c := float64(r)-r0, float64(cand[i])-c0
		e := math.Exp(r)
		sum += e
		dot += e * (r - c)
	}
	r, c := math.Log(sum), logSum(cand, cTop)
	s := position{nll: [2]float64{r - above(ref, came, rTop), c - above(cand, came, cTop)}, same: rTop == cTop}
	s.kl = max(0, dot/sum-r+c) // rounding alone makes it negative
	s.dp = math.Exp(-s.nll[1]) - math.Exp(-s.nll[0])
	return s
}

// largest returns the index of the first largest.
func largest[T accel.Float](x []T) (top int) {
	for i, v := range x {
		if v > x[top] {
			top = i
		}
	}
	return top
}

// above returns x[i] less x[top].
func above[T accel.Float](x []T, i int32, top int) float64 { return float64(x[i]) - float64(x[top]) }

// logSum returns ln Σ eˣ of numbers less the largest.
func logSum[T accel.Float](x []T, top int) float64 {
	sum, m := 0.0, float64(x[top])
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	return math.Log(sum)
}
