package soup

import (
	"context"
	"math"
)

var (
	// ramMethod takes no pass.
	ramMethod = Method{
		Name: "ram",
		Doc: "base + of each element the mean of those differences from it that exceed epsilon: " +
			"what one model alone has changed is kept whole.",
		Base: NeedsBase, Min: 1,
		Params:  []Param{ramEpsilon},
		Prepare: prepareRAM,
	}
	// ramplusMethod takes one pass.
	ramplusMethod = Method{
		Name: "ramplus_tl",
		Doc: "as ram, and what one model alone has changed is multiplied by 1 + r·min(alpha, S/U), " +
			"where the model has changed S elements of the tensor with others and U alone.",
		Base: NeedsBase, Min: 1,
		Params: []Param{
			ramEpsilon,
			{Name: "r", Doc: "how much changes of one model are enlarged", Default: 0.1},
			{Name: "alpha", Doc: "the largest S/U that counts", Default: 0.2},
		},
		Prepare: prepareRAMPlus,
	}

	ramEpsilon = Param{Name: "epsilon", Doc: "differences up to it are none", Default: 1e-5}
)

func prepareRAM(_ context.Context, t *Tensor) (Range, error) {
	r, err := newRAM(t)
	if err != nil {
		return nil, err
	}
	return r.compute, nil
}

// prepareRAMPlus counts what models have changed with others and alone. A model
// that has changed nothing alone has nothing to enlarge.
func prepareRAMPlus(ctx context.Context, t *Tensor) (Range, error) {
	r, err := newRAM(t)
	if err != nil {
		return nil, err
	}
	alpha := t.Param("alpha")
	if alpha < 0 {
		return nil, t.paramf("found alpha %g, expected none below 0", alpha)
	}
	sums := [][]float64{make([]float64, len(t.in)), make([]float64, len(t.in))}
	err = t.scan(ctx, 1, blocks(t.elements(), 1), func(int64) (look, func() error) {
		shared, alone := make([]float64, len(t.in)), make([]float64, len(t.in))
		return func(x [][]float64, base []float64, _ int64) {
			for j := range base {
				counts := alone
				if n, _ := r.changed(x, base, j); n > 1 {
					counts = shared
				}
				for i := range x {
					if math.Abs(x[i][j]-base[j]) > r.epsilon {
						counts[i]++
					}
				}
			}
		}, addLater(sums, [][]float64{shared, alone})
	})
	if err != nil {
		return nil, err
	}
	for i := range r.enlarge {
		if shared, alone := sums[0][i], sums[1][i]; alone > 0 {
			r.enlarge[i] = 1 + float64(t.Param("r")*min(alpha, shared/alone))
		}
	}
	return r.compute, nil
}

// ram is what a range is computed with.
type ram struct {
	epsilon float64
	enlarge []float64 // each model's own changes
}

func newRAM(t *Tensor) (*ram, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	r := &ram{epsilon: t.Param("epsilon"), enlarge: make([]float64, len(t.in))}
	if r.epsilon < 0 {
		return nil, t.paramf("found epsilon %g, expected none below 0", r.epsilon)
	}
	for i := range r.enlarge {
		r.enlarge[i] = 1
	}
	return r, nil
}

// changed returns how many models have changed element j, and the last of them.
func (r *ram) changed(x [][]float64, base []float64, j int) (n, last int) {
	for i := range x {
		if math.Abs(x[i][j]-base[j]) > r.epsilon {
			n, last = n+1, i
		}
	}
	return n, last
}

func (r *ram) compute(dst []float64, x [][]float64, base []float64, _ int64) {
	for j := range dst {
		n, last := r.changed(x, base, j)
		switch n {
		case 0:
			dst[j] = 0
		case 1:
			dst[j] = (x[last][j] - base[j]) * r.enlarge[last]
		default:
			var sum float64
			for i := range x {
				if d := x[i][j] - base[j]; math.Abs(d) > r.epsilon {
					sum += d
				}
			}
			dst[j] = sum / float64(n)
		}
	}
	addTo(dst, base)
}
