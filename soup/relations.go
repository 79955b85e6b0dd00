package soup

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/olmo"
)

// RelateOptions say how to relate models.
type RelateOptions struct {
	Options
	// Progress, if set, is told of bytes as they are read, from several goroutines.
	Progress func(n int64)
}

// Relations say how models lie to each other, as vectors of weights.
type Relations struct {
	Tensors []Relation
	// Matrices is the sum over the tensors of more than one dimension. Norms, which
	// are near to one in every model, are left out.
	Matrices Gram
	// Findings name models that are identical, and those that are no relatives.
	Findings []formats.Finding
}

// Relation is that of one tensor.
type Relation struct {
	Name     string
	Elements int64
	Gram     Gram
}

// Gram holds inner products of a reference, the base or else the first model, at
// index 0, and of the differences of the models from it, at 1 and on. From
// differences the small distances between checkpoints of one run can be had
// without cancellation.
type Gram [][]float64

// Weights returns the inner product of the weights of models i and j.
func (g Gram) Weights(i, j int) float64 { return g[0][0] + g[0][i+1] + g[0][j+1] + g[i+1][j+1] }

// Cosine returns the cosine between the weights of models i and j; 0 if one has
// none but zeros.
func (g Gram) Cosine(i, j int) float64 {
	return cosine(g.Weights(i, i), g.Weights(j, j), g.Weights(i, j))
}

// Distance returns the distance between models i and j.
func (g Gram) Distance(i, j int) float64 {
	return math.Sqrt(max(0, g[i+1][i+1]+g[j+1][j+1]-2*g[i+1][j+1]))
}

// FromBase returns the inner product of the differences of models i and j from
// the reference.
func (g Gram) FromBase(i, j int) float64 { return g[i+1][j+1] }

// FromMean returns the inner product of the differences of models i and j from
// the mean of all.
func (g Gram) FromMean(i, j int) float64 {
	n := len(g) - 1
	var row, column, whole float64
	for k := range n {
		row += g[i+1][k+1]
		column += g[j+1][k+1]
		for l := range n {
			whole += g[k+1][l+1]
		}
	}
	m := float64(n)
	return g[i+1][j+1] - (row+column)/m + whole/(m*m)
}

// add adds o.
func (g Gram) add(o Gram) {
	for i := range g {
		for j := range g[i] {
			g[i][j] += o[i][j]
		}
	}
}

// Relate reads all models once, whatever their tokenizers and configs. base is nil where there is none.
func Relate(ctx context.Context, models []*olmo.Model, base *olmo.Model, o RelateOptions) (*Relations, error) {
	m := &merging{Options: o.Options, recipe: Recipe{Method: &linear}, models: models, all: models, hasBase: base != nil, donor: models[0], result: new(Result)}
	if base != nil {
		m.all, m.donor = append(append([]*olmo.Model{}, models...), base), base
	}
	for _, step := range []func() error{m.checkSources, m.match} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	out := &Relations{Matrices: square(len(models) + 1)}
	for _, x := range m.matched {
		if len(x.models) < len(models) {
			continue // of some only
		}
		g, err := m.gram(ctx, x, o.Progress)
		if err != nil {
			return nil, err
		}
		out.Tensors = append(out.Tensors, Relation{x.name, x.in[0].Len(), g})
		if len(x.shape) > 1 {
			out.Matrices.add(g)
		}
	}
	if err := out.twins(ctx, m.models); err != nil {
		return nil, err
	}
	out.strangers(m.models)
	return out, nil
}

// gram computes the inner products of a tensor.
func (m *merging) gram(ctx context.Context, x matched, progress func(int64)) (Gram, error) {
	t := &Tensor{Name: x.name, Shape: x.shape}
	perElement := int64(0)
	for i, in := range x.in {
		if perElement += in.DType.BlockBytes(); i < len(m.models) {
			t.X = append(t.X, in)
		} else {
			t.Base = in
		}
	}
	total := Gram(square(len(m.models) + 1))
	err := t.scan(ctx, 1, func(v [][]float64, base []float64, _ int64) (func() error, error) {
		if base == nil {
			base = slices.Clone(v[0])
		}
		for _, d := range v {
			subtract(d, d, base)
		}
		part := products(append([][]float64{base}, v...))
		if progress != nil {
			progress(perElement * int64(len(base)))
		}
		return func() error {
			total.add(part)
			return nil
		}, nil
	})
	return total, err
}

// twins finds models that are the same. Where all inner products are, their
// digests tell.
func (r *Relations) twins(ctx context.Context, models []*olmo.Model) error {
	known := make([]string, len(models))
	digestOf := func(i int) (string, error) {
		if known[i] == "" {
			d, err := digest.Of(ctx, models[i].Tensors, digest.Options{Values: true, Threads: runtime.GOMAXPROCS(0), Tied: olmo.Tied()})
			if err != nil {
				return "", err
			}
			known[i] = d.Model
		}
		return known[i], nil
	}
	for j := range models {
		for i := range j {
			if !r.alike(i, j) {
				continue
			}
			a, err := digestOf(i)
			if err != nil {
				return err
			}
			b, err := digestOf(j)
			if err != nil {
				return err
			}
			if a == b {
				r.find("identical", models[j].Source.Path, "found the weights of %s once more, expected another model: they count twice", models[i].Source.Path)
				break
			}
		}
	}
	return nil
}

// alike reports whether the inner products of two models are the same with all.
func (r *Relations) alike(i, j int) bool {
	for _, t := range r.Tensors {
		for k := range t.Gram {
			if t.Gram[k][i+1] != t.Gram[k][j+1] {
				return false
			}
		}
	}
	return true
}

// stranger is the cosine below which models have nothing in common: checkpoints
// of a run, and what was trained on from one checkpoint, are above 0.9, models
// from other seeds near 0.
const stranger = 0.25

// strangers finds models that have nothing in common with any other.
func (r *Relations) strangers(models []*olmo.Model) {
	if r.Matrices[0][0] == 0 {
		return
	}
	for j := range models {
		nearest := math.Inf(-1)
		for i := range models {
			if i != j {
				nearest = max(nearest, r.Matrices.Cosine(i, j))
			}
		}
		if len(models) > 1 && nearest < stranger && (j > 0 || len(models) > 2) {
			r.find("unrelated", models[j].Source.Path, "found a cosine of %.3f at most between its weights and those of the others, expected checkpoints that come from one", nearest)
		}
	}
}

func (r *Relations) find(code, where, format string, args ...any) {
	r.Findings = append(r.Findings, formats.Finding{Severity: formats.Warning, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
}
