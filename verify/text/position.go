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
	r, rTop := logSum(ref)
	s := position{nll: [2]float64{r - float64(ref[came])}}
	if len(logits) == 1 {
		return s
	}
	cand := logits[1]
	c, cTop := logSum(cand)
	s.nll[1] = c - float64(cand[came])
	s.same = rTop == cTop
	s.dp = math.Exp(-s.nll[1]) - math.Exp(-s.nll[0])
	for i := range ref {
		lnP, lnQ := float64(ref[i])-r, float64(cand[i])-c
		s.kl += math.Exp(lnP) * (lnP - lnQ)
	}
	s.kl = max(0, s.kl) // rounding alone makes it negative
	return s
}

// logSum returns ln Σ eˣ and the index of the first largest.
func logSum[T accel.Float](x []T) (lse float64, top int) {
	for i, v := range x {
		if v > x[top] {
			top = i
		}
	}
	m, sum := float64(x[top]), 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	return m + math.Log(sum), top
}
