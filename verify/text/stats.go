package text

import (
	"math"
	"slices"
	"strconv"
)

// mean returns the mean of a value of all positions, and its standard error: 0
// for a single one.
func mean(all []position, value func(*position) float64) Stat {
	return meanOf(len(all), func(i int) float64 { return value(&all[i]) })
}

// meanOf is mean of numbered values.
func meanOf(count int, value func(int) float64) Stat {
	n := float64(count)
	var sum, squares float64
	for i := range count {
		sum += value(i)
	}
	m := sum / n
	for i := range count {
		d := value(i) - m
		squares += d * d
	}
	return Stat{m, math.Sqrt(squares / n / max(1, n-1))}
}

func (s Stat) scale(f float64) Stat { return Stat{s.Value * f, s.Error * f} }

// exp returns e to the power of s.
func (s Stat) exp() Stat {
	v := math.Exp(s.Value)
	return Stat{v, v * s.Error}
}

// sqrt returns the root of a mean of squares.
func (s Stat) sqrt() Stat {
	v := math.Sqrt(s.Value)
	if v == 0 {
		return Stat{}
	}
	return Stat{v, s.Error / (2 * v)}
}

func nll(side int) func(*position) float64 {
	return func(s *position) float64 { return s.nll[side] }
}

// compare makes the figures of a comparison of one position or more.
func compare(all []position, ref Stat) *Comparison {
	cand := mean(all, nll(1))
	c := &Comparison{NLLCand: cand, PerplexityCand: cand.exp(), Correlation: correlation(all, ref.Value, cand.Value)}
	c.LnRatio = mean(all, func(s *position) float64 { return s.nll[1] - s.nll[0] })
	c.Ratio = c.LnRatio.exp()
	p, q := ref.exp().Value, c.PerplexityCand.Value
	c.Difference = Stat{q - p, mean(all, func(s *position) float64 { return q*s.nll[1] - p*s.nll[0] }).Error}

	kl := func(s *position) float64 { return s.kl }
	c.KL = mean(all, kl)
	c.KLQuantiles = quantiles(all, kl)
	c.KLMax = c.KLQuantiles[Percents[0]]

	dp := func(s *position) float64 { return 100 * s.dp }
	c.DeltaP = mean(all, dp)
	c.DeltaPRMS = mean(all, func(s *position) float64 { return s.dp * s.dp }).sqrt().scale(100)
	c.DeltaPQuantiles = quantiles(all, dp)

	n, same := float64(len(all)), 0.0
	for i := range all {
		if all[i].same {
			same++
		}
	}
	h := same / n
	c.SameTop = Stat{h, math.Sqrt(h * (1 - h) / max(1, n-1))}.scale(100)
	return c
}

// correlation is that of both models' nll, given their means; 0 where one of them
// does not vary.
func correlation(all []position, ref, cand float64) float64 {
	var rr, cc, rc float64
	for i := range all {
		r, c := all[i].nll[0]-ref, all[i].nll[1]-cand
		rr += r * r
		cc += c * c
		rc += r * c
	}
	if rr == 0 || cc == 0 {
		return 0
	}
	return rc / math.Sqrt(rr) / math.Sqrt(cc)
}

func quantiles(all []position, value func(*position) float64) Quantiles {
	x := make([]float64, len(all))
	for i := range all {
		x[i] = value(&all[i])
	}
	slices.Sort(x)
	q := Quantiles{}
	for _, percent := range Percents {
		p, _ := strconv.ParseFloat(percent, 64)
		q[percent] = quantile(x, p/100)
	}
	return q
}

// quantile returns the quantile f, from 0 to 1, of sorted numbers.
func quantile(x []float64, f float64) float64 {
	at := f * float64(len(x)-1)
	i := int(at)
	at -= float64(i)
	return (1-at)*x[i] + at*x[min(i+1, len(x)-1)]
}
