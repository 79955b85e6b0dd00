package soup

import (
	"context"
	"math"
	"sync"
)

// taskMethod is one of the methods that add to the base what models differ from
// it by: some elements of the differences, their weighted sum, and of that, with
// consensus, for each element only the terms that have the sign of the sum.
type taskMethod struct {
	name, doc string
	sparsify  sparsifier // nil: all are kept
	byRow     bool       // sparsify is by row
	consensus bool
	normalize float64 // defaults
	rescale   float64
	more      []Param // of sparsify
}

const (
	taskDoc      = "base + λ Σ w[i] d[i], with d[i] what model i differs from the base by"
	consensusDoc = "base + λ Σ w[i] d[i], of each element the terms that have the sign of the whole sum"
)

// Passes: none without a sparsifier or where every density is 1; for magnitudes,
// see [cuts]: two or three, seldom four, and for equal elements a part of one.
// rescale takes one more.
var (
	taskArithmetic = taskMethod{
		name: "task_arithmetic",
		doc:  taskDoc + ".",
	}
	ties = taskMethod{
		name:     "ties",
		doc:      consensusDoc + ", divided by their weights. Of d[i] the largest are kept.",
		sparsify: magnitude, consensus: true, normalize: 1,
	}
	dareTies = taskMethod{
		name:     "dare_ties",
		doc:      consensusDoc + ". Of d[i] a random part is kept, and enlarged.",
		sparsify: bernoulli, consensus: true, rescale: 1,
	}
	dareLinear = taskMethod{
		name:     "dare_linear",
		doc:      taskDoc + ", of which a random part is kept, and enlarged.",
		sparsify: bernoulli, rescale: 1,
	}
	breadcrumbs = taskMethod{
		name:     "breadcrumbs",
		doc:      taskDoc + ", of which neither the smallest nor the very largest are kept.",
		sparsify: magnitudeOutliers, more: []Param{gammaParam},
	}
	breadcrumbsTies = taskMethod{
		name:     "breadcrumbs_ties",
		doc:      consensusDoc + ". Of d[i] neither the smallest nor the very largest are kept.",
		sparsify: magnitudeOutliers, consensus: true, more: []Param{gammaParam},
	}
	della = taskMethod{
		name:     "della",
		doc:      consensusDoc + ", divided by their weights. Of d[i] a random part is kept, and enlarged: large ones rather than small ones.",
		sparsify: magprune, byRow: true, consensus: true, normalize: 1, rescale: 1, more: []Param{epsilonParam},
	}
	dellaLinear = taskMethod{
		name:     "della_linear",
		doc:      taskDoc + ", of which a random part is kept, and enlarged: large ones rather than small ones.",
		sparsify: magprune, byRow: true, rescale: 1, more: []Param{epsilonParam},
	}

	gammaParam   = Param{Name: "gamma", Doc: "share of the largest that is left out", PerModel: true, Default: 0.01}
	epsilonParam = Param{Name: "epsilon", Doc: "what the probability of the smallest in a row lacks of density, and that of the largest exceeds it by", PerModel: true, Default: 0.15}
)

// The methods of the table.
var (
	taskArithmeticMethod  = taskArithmetic.method()
	tiesMethod            = ties.method()
	dareTiesMethod        = dareTies.method()
	dareLinearMethod      = dareLinear.method()
	breadcrumbsMethod     = breadcrumbs.method()
	breadcrumbsTiesMethod = breadcrumbsTies.method()
	dellaMethod           = della.method()
	dellaLinearMethod     = dellaLinear.method()
)

func (m taskMethod) method() Method {
	return Method{
		Name: m.name, Doc: m.doc, Base: NeedsBase, Min: 1, ByRow: m.byRow,
		Params: append([]Param{
			weightParam,
			{Name: "density", Doc: "share of a model's differences that is kept", PerModel: true, Default: 1},
			{Name: "normalize", Doc: "divide by the weights of what was added up", Bool: true, Default: m.normalize},
			{Name: "rescale", Doc: "enlarge what is kept, so that its magnitudes add up to those of all", Bool: true, Default: m.rescale},
			{Name: "lambda", Doc: "what the sum is multiplied by", Default: 1},
			int8MaskParam,
		}, m.more...),
		Prepare: func(ctx context.Context, t *Tensor) (Range, error) { return m.prepare(ctx, t, uniform(t.Seed)) },
	}
}

// int8MaskParam is in many recipes. With mergekit it saves memory.
var int8MaskParam = Param{Name: "int8_mask", Doc: "without effect, for mergekit's recipes", Bool: true}

func (m taskMethod) prepare(ctx context.Context, t *Tensor, random draw) (Range, error) {
	if err := t.checkParams(); err != nil {
		return nil, err
	}
	s := taskSum{weights: t.weights(), lambda: t.Param("lambda"), consensus: m.consensus, normalize: t.Param("normalize") != 0, step: stretch}
	if m.sparsify != nil {
		var err error
		if s.mask, err = m.sparsify(ctx, t, random); err != nil {
			return nil, err
		}
	}
	if m.byRow {
		row, err := t.row()
		if err != nil {
			return nil, err
		}
		s.step = max(stretch/int(max(row, 1)), 1) * int(row)
	}
	if s.mask != nil && t.Param("rescale") != 0 {
		var err error
		if s.factors, err = t.rescaling(ctx, int64(max(s.step, 1)), s.mask); err != nil {
			return nil, err
		}
	}
	return s.compute, nil
}

// taskSum is what a range is computed with.
type taskSum struct {
	weights, factors     []float64
	lambda               float64
	consensus, normalize bool
	mask                 mask
	step                 int // elements at a time
}

// taskScratch is memory of a call.
type taskScratch struct {
	terms       [][]float64
	sum, weight []float64
}

var taskScratches = sync.Pool{New: func() any { return new(taskScratch) }}

func (s *taskSum) compute(dst []float64, x [][]float64, base []float64, at int64) {
	m := taskScratches.Get().(*taskScratch)
	defer taskScratches.Put(m)
	for len(m.terms) < len(x) {
		m.terms = append(m.terms, nil)
	}
	terms := m.terms[:len(x)]
	for lo := 0; lo < len(dst); lo += s.step {
		hi := min(lo+s.step, len(dst))
		for i, x := range x {
			terms[i] = grow(terms[i], hi-lo)
			s.term(terms[i], i, x[lo:hi], base[lo:hi], at+int64(lo))
		}
		m.sum, m.weight = grow(m.sum, hi-lo), grow(m.weight, hi-lo)
		s.add(dst[lo:hi], terms, m.sum, m.weight)
		addTo(dst[lo:hi], base[lo:hi])
	}
}

// term sets d to what is kept of a model's differences, times its weight.
func (s *taskSum) term(d []float64, model int, x, base []float64, at int64) {
	subtract(d, x, base)
	if s.mask != nil {
		s.mask(d, model, at)
	}
	if s.factors != nil {
		for j, f := 0, s.factors[model]; j < len(d); j++ {
			d[j] *= f
		}
	}
	for j, w := 0, s.weights[model]; j < len(d); j++ {
		d[j] *= w
	}
}

// add sets dst to the sum of the terms, multiplied by lambda, and divided by the
// sum of their weights if that is asked for and the sum is not zero.
func (s *taskSum) add(dst []float64, terms [][]float64, sum, weight []float64) {
	clear(sum)
	for _, v := range terms {
		for j := range sum {
			sum[j] += v[j]
		}
	}
	if s.lambda == 0 {
		clear(dst)
		return
	}
	if !s.consensus {
		q := 1.0
		if s.normalize {
			q = s.divisor()
		}
		for j := range dst {
			dst[j] = sum[j] / q * s.lambda
		}
		return
	}
	clear(dst)
	clear(weight)
	for i, v := range terms {
		w := s.weights[i]
		for j, v := range v {
			// A sum of zero is positive; a term of zero has no sign, and not its weight.
			if v != 0 && (v > 0) == (sum[j] >= 0) {
				dst[j] += v
				weight[j] += w
			}
		}
	}
	for j := range dst {
		if s.normalize && weight[j] != 0 {
			dst[j] /= weight[j]
		}
		dst[j] *= s.lambda
	}
}

// divisor is the sum of the weights, 1 if that is zero.
func (s *taskSum) divisor() float64 {
	var q float64
	for _, w := range s.weights {
		q += w
	}
	if math.Abs(q) < 1e-8 {
		return 1
	}
	return q
}
