package stats

import (
	"math"
	"slices"
)

// histogram counts bins of values in bins of one width.
func (o *order) histogram() Histogram {
	if o.finite == 0 {
		return Histogram{}
	}
	h := o.limits()
	for _, b := range o.bins {
		lo, hi := max(b.lo, o.min), min(b.hi, o.max)
		if lo >= hi {
			h.put(lo, b.n)
			continue
		}
		h.spread(lo, hi, b.n)
	}
	return h
}

// limits returns the histogram before any is counted.
func (o *order) limits() Histogram {
	h := Histogram{
		Low:  o.quantile(Levels[0], o.negInf, o.finite),
		High: o.quantile(Levels[len(Levels)-1], o.negInf, o.finite),
	}
	return h.empty()
}

func (h *Histogram) empty() Histogram {
	return Histogram{Low: h.Low, High: h.High, Counts: make([]int64, Bins)}
}

func (h *Histogram) merge(o *Histogram) {
	h.Below, h.Above = h.Below+o.Below, h.Above+o.Above
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
}

// put counts n elements x.
func (h *Histogram) put(x float64, n int64) {
	switch i := h.bin(x); {
	case i < 0:
		h.Below += n
	case i >= Bins:
		h.Above += n
	default:
		h.Counts[i] += n
	}
}

// bin returns the bin that x lies in: -1 below the first, Bins above the last.
func (h *Histogram) bin(x float64) int {
	switch {
	case x < h.Low:
		return -1
	case x > h.High:
		return Bins
	case h.Low == h.High:
		return Bins / 2
	}
	part := (x - h.Low) / (h.High - h.Low)
	if math.IsInf(h.High-h.Low, 0) {
		part = (x/2 - h.Low/2) / (h.High/2 - h.Low/2)
	}
	return min(Bins-1, int(part*Bins))
}

// spread counts n elements at equal distances from lo to hi, which are close
// enough for their distance to be a float64.
func (h *Histogram) spread(lo, hi float64, n int64) {
	edges := []float64{lo, hi}
	for i := range Bins + 1 {
		part := float64(i) / Bins
		if e := float64(h.Low*(1-part)) + float64(h.High*part); e > lo && e < hi {
			edges = append(edges, e)
		}
	}
	slices.Sort(edges)
	done := int64(0)
	for i := range edges[1:] {
		a, b := edges[i], edges[i+1]
		upto := int64(math.Round(float64(n) * ((b - lo) / (hi - lo))))
		h.put(a+(b-a)/2, upto-done)
		done = upto
	}
}
