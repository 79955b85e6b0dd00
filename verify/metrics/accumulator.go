package metrics

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"olmotool/accel"
)

// Accumulator compares logits block by block. [Add] gives it rows, in any
// blocks, and [Accumulator.Logits] the result.
type Accumulator struct {
	threads int
	vocab   int
	rows    []Row
	total   sums
	histos  []*histogram

	worst    int // row of the largest |d|, -1 before the first
	worstAbs float64
	token    int // and its token

	nan, inf int64
	first    *Place
}

// NewAccumulator returns one for rows of vocab logits. threads is how many rows
// are compared at a time; 0: all cores.
func NewAccumulator(vocab, threads int) *Accumulator {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	a := &Accumulator{threads: threads, vocab: vocab, worst: -1}
	for range threads {
		a.histos = append(a.histos, new(histogram))
	}
	return a
}

// Add compares rows of both sides; at says which positions they are.
func Add[R, C accel.Float](acc *Accumulator, ref accel.Matrix[R], cand accel.Matrix[C], at []At) error {
	if ref.Cols != acc.vocab || cand.Cols != acc.vocab || ref.Rows != len(at) || cand.Rows != len(at) {
		return fmt.Errorf("found logits [%d %d] and [%d %d] for %d positions, expected [%[5]d %[6]d] twice",
			ref.Rows, ref.Cols, cand.Rows, cand.Cols, len(at), acc.vocab)
	}
	rows := make([]Row, len(at))
	each := make([]sums, len(at))
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, h := range acc.histos {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(at) {
					return
				}
				rows[i].At = at[i]
				each[i] = compareRow(&rows[i], ref.Row(i), cand.Row(i), h)
			}
		})
	}
	wg.Wait()
	for i, r := range rows {
		if !r.Finite {
			acc.count("ref", r.At, nonFinite(ref.Row(i)))
			acc.count("cand", r.At, nonFinite(cand.Row(i)))
			continue
		}
		acc.fold(len(acc.rows)+i, r, each[i])
	}
	acc.rows = append(acc.rows, rows...)
	return nil
}

// fold adds the sums of row i to the total.
func (acc *Accumulator) fold(i int, r Row, s sums) {
	t, n := &acc.total, float64(acc.vocab)
	t.abs += s.abs
	t.dd += s.dd
	t.ds += s.ds
	t.aa += s.aa
	t.b += s.b
	t.bb += s.bb
	t.centredDD += max(0, s.dd-s.d*s.d/n)
	t.centredBB += r.Std * r.Std * n
	t.common += s.common
	if acc.worst < 0 || r.MaxAbs > acc.worstAbs {
		acc.worst, acc.worstAbs, acc.token = i, r.MaxAbs, s.maxAt
	}
}

// odd is what a row has of NaN and infinities.
type odd struct {
	nan, inf int64
	first    int // token; -1 if there is none
}

func nonFinite[T accel.Float](x []T) odd {
	o := odd{first: -1}
	for i, v := range x {
		if v-v == 0 {
			continue
		}
		if o.first < 0 {
			o.first = i
		}
		if v != v {
			o.nan++
		} else {
			o.inf++
		}
	}
	return o
}

func (acc *Accumulator) count(side string, at At, o odd) {
	acc.nan += o.nan
	acc.inf += o.inf
	if o.first >= 0 && acc.first == nil {
		acc.first = &Place{side, at.Sequence, at.Position, o.first}
	}
}

// Rows returns what is known of each position, in the order in which they were
// added.
func (acc *Accumulator) Rows() []Row { return acc.rows }

// Logits returns the metrics of all rows so far. allowed is the error that the
// logits of a position may have, by which flips are excused; i counts rows.
func (acc *Accumulator) Logits(allowed func(i int, r Row) float64) *Logits {
	l := &Logits{Positions: len(acc.rows), Vocab: acc.vocab, NaN: acc.nan, Inf: acc.inf, NonFiniteAt: acc.first}
	var kls []float64
	var std, kl, reverse float64
	for i, r := range acc.rows {
		if !r.Finite {
			l.NonFinite++
			continue
		}
		if r.KL > l.KLMax || len(kls) == 0 {
			l.KLMax, l.KLMaxAt = r.KL, [2]int{r.Sequence, r.Position}
		}
		if r.RefTop != r.CandTop {
			l.Flips++
			if !(r.Margin <= 2*allowed(i, r)) {
				l.Unexcused++
			}
		}
		if r.MaxAbs > 0 {
			l.MaxAbsStd = max(l.MaxAbsStd, r.MaxAbs/r.Std)
		}
		kls = append(kls, r.KL)
		std += r.Std
		kl += r.KL
		reverse += r.KLReverse
	}
	if acc.worst >= 0 {
		r := acc.rows[acc.worst]
		l.MaxAbs, l.MaxAbsAt = r.MaxAbs, [3]int{r.Sequence, r.Position, acc.token}
	}
	acc.averages(l, float64(len(kls)))
	n := float64(len(kls))
	l.RefStd, l.KLMean, l.KLReverse = std/n, kl/n, reverse/n
	l.KLP99 = quantile(kls, 0.99)
	if n == 0 {
		nan := math.NaN()
		l.MaxAbs, l.KLMax, l.MaxAbsStd = nan, nan, nan
	}
	return l
}

// averages sets what is a mean over the elements of n rows.
func (acc *Accumulator) averages(l *Logits, n float64) {
	t, elems := acc.total, n*float64(acc.vocab)
	all := new(histogram)
	for _, h := range acc.histos {
		all.merge(h)
	}
	l.MeanAbs = t.abs / elems
	l.P99Abs = min(all.quantile(0.99), l.MaxAbs)
	l.NMSEEnergy = ratio(t.dd, t.bb)
	l.RelRMS = math.Sqrt(l.NMSEEnergy)
	l.CentredRMS = math.Sqrt(ratio(t.centredDD, t.centredBB))
	l.NMSEVar = ratio(t.dd/elems, t.bb/elems-(t.b/elems)*(t.b/elems))
	l.OneMinusCos = oneMinusCos(t)
	l.Top1 = (n - float64(l.Flips)) / n
	l.Top10 = float64(t.common) / (n * float64(min(topK, acc.vocab)))
	if n == 0 { // a sum of nothing is 0, which is no answer
		nan := math.NaN()
		l.P99Abs, l.NMSEEnergy, l.RelRMS, l.CentredRMS, l.NMSEVar, l.OneMinusCos = nan, nan, nan, nan, nan, nan
	}
}

// oneMinusCos is 1 − Σab/(|a||b|), without the cancellation of that formula:
//
//	2(|a||b| − Σab) = Σ(a−b)² − (|a|−|b|)²,  |a|−|b| = Σ(a−b)(a+b)/(|a|+|b|)
func oneMinusCos(t sums) float64 {
	a, b := math.Sqrt(t.aa), math.Sqrt(t.bb)
	if t.dd == 0 {
		return 0
	}
	diff := t.ds / (a + b)
	return max(0, (t.dd-diff*diff)/(2*a*b))
}

// ratio is an error by what it is relative to; 0 if there is none.
func ratio(err, by float64) float64 {
	if err == 0 {
		return 0
	}
	return err / by
}

// quantile returns the smallest of x that the share q of x does not exceed, and
// NaN if there is none.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Sorted(slices.Values(x))
	return x[max(0, int(math.Ceil(q*float64(len(x))))-1)]
}
