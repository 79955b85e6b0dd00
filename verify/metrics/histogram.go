package metrics

import "math"

// A histogram has a bucket for each exponent and the first bits of the
// significand of a float32: numbers in a bucket differ by 0.1 % at most.
const (
	histogramBits    = 10
	histogramShift   = 23 - histogramBits
	histogramBuckets = 1 << (8 + histogramBits)
)

// histogram counts numbers that are not negative. It forgets in which order they
// came, so that counts of several can be added.
type histogram struct {
	counts [histogramBuckets]int64
	total  int64
}

func (h *histogram) add(x float64, n int64) {
	h.counts[math.Float32bits(float32(x))>>histogramShift] += n
	h.total += n
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
}

// quantile returns a number that the share q of all does not exceed: the upper
// end of the bucket in which the smallest such number lies.
func (h *histogram) quantile(q float64) float64 {
	want := int64(math.Ceil(q * float64(h.total)))
	i := 0
	for ; i < histogramBuckets-1; i++ {
		if want -= h.counts[i]; want <= 0 {
			break
		}
	}
	if i == 0 {
		return 0 // or below any normal float32
	}
	return float64(math.Float32frombits(uint32(i)<<histogramShift | (1<<histogramShift - 1)))
}
