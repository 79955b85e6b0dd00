package metrics

import (
	"math"

	"olmotool/accel"
)

// Activations compares an intermediate result of two runs: relRMS, which is
// √(Σ(a−b)²/Σb²) with b the reference, over the rows in which both are finite.
type Activations struct {
	RelRMS   float64 // NaN if no row is finite
	Worst    float64 // of the row in which it is largest
	WorstRow int
	// NonFinite is the number of rows with a NaN or an infinity on either side,
	// FirstNonFinite the first of them, or -1.
	NonFinite, FirstNonFinite int

	rows   int
	dd, bb float64 // Σ(a−b)², Σb²
}

// Compare compares matrices of one shape.
func Compare[R, C accel.Float](ref accel.Matrix[R], cand accel.Matrix[C]) Activations {
	a := Activations{FirstNonFinite: -1, rows: ref.Rows}
	for i := range ref.Rows {
		dd, bb := squares(ref.Row(i), cand.Row(i))
		if sum := dd + bb; sum-sum != 0 && !(finite(ref.Row(i)) && finite(cand.Row(i))) {
			if a.NonFinite++; a.FirstNonFinite < 0 {
				a.FirstNonFinite = i
			}
			continue
		}
		a.dd, a.bb = a.dd+dd, a.bb+bb
		if e := math.Sqrt(ratio(dd, bb)); e > a.Worst {
			a.Worst, a.WorstRow = e, i
		}
	}
	a.finish()
	return a
}

func (a *Activations) finish() {
	a.RelRMS = math.Sqrt(ratio(a.dd, a.bb))
	if a.NonFinite == a.rows {
		a.RelRMS, a.Worst = math.NaN(), math.NaN()
	}
}

// Append adds the rows of b, which follow those of a. The zero value has none.
func (a *Activations) Append(b Activations) {
	if a.rows == 0 {
		*a = b
		return
	}
	if b.Worst > a.Worst || a.NonFinite == a.rows {
		a.Worst, a.WorstRow = b.Worst, a.rows+b.WorstRow
	}
	if a.FirstNonFinite < 0 && b.FirstNonFinite >= 0 {
		a.FirstNonFinite = a.rows + b.FirstNonFinite
	}
	a.NonFinite, a.rows = a.NonFinite+b.NonFinite, a.rows+b.rows
	a.dd, a.bb = a.dd+b.dd, a.bb+b.bb
	a.finish()
}

// squares returns Σ(a−b)² and Σb².
func squares[R, C accel.Float](ref []R, cand []C) (dd, bb float64) {
	for i, y := range ref {
		d := float64(cand[i]) - float64(y)
		dd += d * d
		bb += float64(y) * float64(y)
	}
	return dd, bb
}

// Grouped returns the relRMS of n groups of elements, by position, head or
// channel: group says in which of them an element is. NaN where a group has
// something that is not finite.
func Grouped[R, C accel.Float](ref accel.Matrix[R], cand accel.Matrix[C], n int, group func(row, col int) int) []float64 {
	dd, bb := make([]float64, n), make([]float64, n)
	for i := range ref.Rows {
		a, b := cand.Row(i), ref.Row(i)
		for k := range b {
			g := group(i, k)
			d := float64(a[k]) - float64(b[k])
			dd[g] += d * d
			bb[g] += float64(b[k]) * float64(b[k])
		}
	}
	for g := range dd {
		dd[g] = math.Sqrt(ratio(dd[g], bb[g]))
	}
	return dd
}
