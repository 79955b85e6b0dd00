package soup

import (
	"context"
	"math"
)

// sparsifier finds out which elements of the models' differences from the base
// are kept.
type sparsifier func(ctx context.Context, t *Tensor, random draw) (mask, error)

// mask sets to zero what is not kept of elements [at, at+len(d)) of a model's
// difference from the base. Where order counts, larger magnitudes are before
// smaller, and of equal ones that of the lower index.
type mask func(d []float64, model int, at int64)

// densities returns the parameter "density" of each model, and whether it asks
// for anything to be left out.
func (t *Tensor) densities() (p []float64, sparse bool, err error) {
	for i := range t.in {
		d, err := t.share(i, "density")
		if err != nil {
			return nil, false, err
		}
		p, sparse = append(p, d), sparse || d < 1
	}
	return p, sparse, nil
}

// share returns a parameter of a model that lies between 0 and 1.
func (t *Tensor) share(i int, name string) (float64, error) {
	v := t.ModelParam(i, name)
	if !(v >= 0 && v <= 1) {
		return 0, t.paramf("found %s %g of model %d, expected a share from 0 to 1", name, v, i+1)
	}
	return v, nil
}

// magnitude keeps the largest: floor(density·n) of n, and one at least unless the
// density is 0.
func magnitude(ctx context.Context, t *Tensor, _ draw) (mask, error) {
	p, sparse, err := t.densities()
	if err != nil || !sparse {
		return nil, err
	}
	n := t.elements()
	counts := make([][]int64, len(p))
	for i, p := range p {
		switch p {
		case 0:
			counts[i] = []int64{0}
		case 1:
			counts[i] = []int64{math.MaxInt64}
		default:
			counts[i] = []int64{max(1, int64(p*float64(n)))}
		}
	}
	c, err := t.differenceCuts(ctx, counts)
	if err != nil {
		return nil, err
	}
	return func(d []float64, model int, at int64) { c[model][0].mask(d, at) }, nil
}

// magnitudeOutliers leaves out the smallest and, of n, the floor(gamma·n)
// largest, so that floor(density·n) are kept: fewer of the largest are left out
// if there are no others to be. With density 1 all are kept.
func magnitudeOutliers(ctx context.Context, t *Tensor, _ draw) (mask, error) {
	p, sparse, err := t.densities()
	if err != nil || !sparse {
		return nil, err
	}
	gamma := make([]float64, len(p))
	for i := range gamma {
		if gamma[i], err = t.share(i, "gamma"); err != nil {
			return nil, err
		}
	}
	n := t.elements()
	counts := make([][]int64, len(p))
	for i, p := range p {
		if p == 1 {
			counts[i] = []int64{0, math.MaxInt64}
			continue
		}
		kept, largest := int64(p*float64(n)), int64(gamma[i]*float64(n))
		smallest := max(0, n-kept-largest)
		counts[i] = []int64{n - smallest - kept, n - smallest}
	}
	c, err := t.differenceCuts(ctx, counts)
	if err != nil {
		return nil, err
	}
	return func(d []float64, model int, at int64) {
		outlier, kept := c[model][0], c[model][1]
		for j, v := range d {
			if i := at + int64(j); outlier.before(v, i) || !kept.before(v, i) {
				d[j] = 0
			}
		}
	}, nil
}

// differenceCuts finds cuts in each model's differences from the base.
func (t *Tensor) differenceCuts(ctx context.Context, counts [][]int64) ([][]cut, error) {
	return cuts(t.series(ctx, t.scanDifferences, func(d [][]float64, _ []float64, at int64, see see) {
		for i, d := range d {
			see(i, d, at)
		}
	}), counts)
}

// bernoulli keeps each element with the probability that density is.
func bernoulli(_ context.Context, t *Tensor, random draw) (mask, error) {
	p, sparse, err := t.densities()
	if err != nil || !sparse {
		return nil, err
	}
	return func(d []float64, model int, at int64) {
		p := p[model]
		if p == 1 {
			return
		}
		var numbers [256]float64
		for len(d) > 0 {
			n := min(len(d), len(numbers))
			random(numbers[:n], model, at)
			for j, u := range numbers[:n] {
				var keep uint64
				if u < p {
					keep = ^keep
				}
				d[j] = math.Float64frombits(math.Float64bits(d[j]) & keep)
			}
			d, at = d[n:], at+int64(n)
		}
	}, nil
}

// rescaling returns what each model's kept differences are multiplied by, so that
// the sum of their magnitudes is that of all of them: one pass. It is 1 where
// either sum is zero.
func (t *Tensor) rescaling(ctx context.Context, unit int64, m mask) ([]float64, error) {
	sums := [][]float64{make([]float64, len(t.in)), make([]float64, len(t.in))}
	err := t.scanDifferences(ctx, unit, blocks(t.elements(), unit), func(int64) (look, func() error) {
		block := [][]float64{make([]float64, len(t.in)), make([]float64, len(t.in))}
		return func(d [][]float64, _ []float64, at int64) {
			for i, d := range d {
				addMagnitudes(&block[0][i], d)
				m(d, i, at)
				addMagnitudes(&block[1][i], d)
			}
		}, addLater(sums, block)
	})
	if err != nil {
		return nil, err
	}
	factors := make([]float64, len(t.in))
	for i := range factors {
		factors[i] = 1
		if all, kept := sums[0][i], sums[1][i]; all > 0 && kept > 0 {
			factors[i] = min(all/kept, math.MaxFloat64)
		}
	}
	return factors, nil
}

// addMagnitudes adds to s those of x, one after the other.
func addMagnitudes(s *float64, x []float64) {
	sum := *s
	for _, v := range x {
		sum += math.Abs(v)
	}
	*s = sum
}
