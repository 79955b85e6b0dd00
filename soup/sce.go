package soup

import "context"

// sceMethod takes one pass, and with select_topk below 1 another one and those of
// [cuts] before.
var sceMethod = Method{
	Name: "sce",
	Doc: "base + Σ g[i] d[i] / Σ g[i], of each element the terms that have the sign of Σ d[i], with d[i] what model i " +
		"differs from the base by and g[i] the mean of its squares. Of the elements those are kept in which models vary most.",
	Base: NeedsBase, Min: 1,
	Params: []Param{
		{Name: "select_topk", Doc: "share of the elements with any variance that is kept", Default: 1},
		int8MaskParam,
	},
	Prepare: prepareSCE,
}

const (
	// sceFlat is the sum of g below which all models count the same. Differences of
	// checkpoints of one run are seldom so large.
	sceFlat = 1e-6
	// sceLeast is what the sum of g is divided by at least.
	sceLeast = 1e-6
)

// prepareSCE finds the cut between elements that are kept and others, by their
// variance, and then the models' weights. One model alone has no variance: with
// select_topk below 1 the result is the base.
func prepareSCE(ctx context.Context, t *Tensor) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	share := t.Param("select_topk")
	if share < 0 || share > 1 {
		return nil, t.paramf("found select_topk %g, expected a share from 0 to 1", share)
	}
	s := sce{all: share == 1}
	if !s.all {
		var err error
		if s.kept, err = s.selection(ctx, t, share); err != nil {
			return nil, err
		}
	}
	s.weights = make([]float64, len(t.in))
	err := t.scan(ctx, 1, blocks(t.elements(), 1), func(int64) (look, func() error) {
		sums, d := make([]float64, len(t.in)), make([]float64, len(t.in))
		return func(x [][]float64, base []float64, at int64) {
			for j := range base {
				if !s.differences(d, x, base, j, at) {
					continue
				}
				for i, v := range d {
					sums[i] += float64(v * v)
				}
			}
		}, addLater([][]float64{s.weights}, [][]float64{sums})
	})
	if err != nil {
		return nil, err
	}
	s.weigh(t.elements())
	return s.compute, nil
}

// sce is what a range is computed with.
type sce struct {
	all     bool // elements are kept
	kept    cut  // in the order of their variance
	weights []float64
}

func (s *sce) selection(ctx context.Context, t *Tensor, share float64) (cut, error) {
	variances := t.series(ctx, t.scan, func(x [][]float64, base []float64, at int64, see see) {
		d := make([]float64, len(x))
		for j := range base {
			for i := range d {
				d[i] = x[i][j] - base[j]
			}
			base[j] = variance(d)
		}
		see(0, base, at)
	})
	some, err := variances.nonZero()
	if err != nil {
		return cut{}, err
	}
	c, err := cuts(variances, [][]int64{{int64(float64(some) * share)}})
	if err != nil {
		return cut{}, err
	}
	return c[0][0], nil
}

// differences sets d to those of element j, and says whether it is kept.
func (s *sce) differences(d []float64, x [][]float64, base []float64, j int, at int64) bool {
	for i := range d {
		d[i] = x[i][j] - base[j]
	}
	return s.all || s.kept.before(variance(d), at+int64(j))
}

// weigh makes weights that add up to 1 of sums of squares of n elements.
func (s *sce) weigh(n int64) {
	var sum float64
	for i := range s.weights {
		s.weights[i] /= float64(max(n, 1))
		sum += s.weights[i]
	}
	for i := range s.weights {
		if sum < sceFlat {
			s.weights[i] = 1 / float64(len(s.weights))
		} else {
			s.weights[i] /= sum
		}
	}
}

func (s *sce) compute(dst []float64, x [][]float64, base []float64, at int64) {
	d := make([]float64, len(x))
	for j := range dst {
		dst[j] = 0
		if !s.differences(d, x, base, j, at) {
			continue
		}
		var sign, sum, weight float64
		for _, v := range d {
			sign += v
		}
		for i, v := range d {
			// A sum of zero is positive; a difference of zero has no sign.
			if v != 0 && (v > 0) == (sign >= 0) {
				sum += float64(s.weights[i] * v)
				weight += s.weights[i]
			}
		}
		dst[j] = sum / max(weight, sceLeast)
	}
	addTo(dst, base)
}

// variance is that of d, divided by how many they are: exactly 0 if they are equal.
func variance(d []float64) float64 {
	var mean, sum float64
	for _, v := range d[1:] {
		mean += v - d[0]
	}
	mean /= float64(len(d))
	for _, v := range d {
		e := v - d[0] - mean
		sum += float64(e * e)
	}
	return sum / float64(len(d))
}
