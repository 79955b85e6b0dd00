package soup

import "context"

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

// Passes: none where all is kept, or drawn by lot; those of [cuts] where magnitude
// decides. rescale takes one more.
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
	density, rescale := "share of a model's differences that is kept", "enlarge what is kept, so that its magnitudes add up to those of all"
	if m.sparsify == nil {
		density, rescale = noEffect, noEffect
	}
	return Method{
		Name: m.name, Doc: m.doc, Base: NeedsBase, Min: 1, ByRow: func(*Tensor) bool { return m.byRow },
		Params: append([]Param{
			weightParam,
			{Name: "density", Doc: density, PerModel: true, Default: 1},
			{Name: "normalize", Doc: "divide by the weights of what was added up", Bool: true, Default: m.normalize},
			{Name: "rescale", Doc: rescale, Bool: true, Default: m.rescale},
			{Name: "lambda", Doc: "what the sum is multiplied by", Default: 1},
			int8MaskParam,
		}, m.more...),
		Prepare: func(ctx context.Context, t *Tensor) (Range, error) { return m.prepare(ctx, t, uniform(t.Seed)) },
	}
}

// noEffect says what a parameter is there for.
const noEffect = "without effect, for mergekit's recipes"

// int8MaskParam is in many recipes. With mergekit it saves memory.
var int8MaskParam = Param{Name: "int8_mask", Doc: noEffect, Bool: true}

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
