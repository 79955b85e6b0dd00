package soup

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Options of a [Merge].
type Options struct {
	Allow Allow
	// Donor is the model whose config and order of tensors the result has, and
	// whose tokenizer if it has one, where there is no base.
	Donor int
	// Name is what messages call the result; empty: "soup".
	Name string
	// Threads is how many read a tensor for what has to be known of the whole; 0:
	// all cores. The result does not depend on it.
	Threads int
}

// Allow are the differences between models that are let through. Each changes the
// result; none is needed for a soup of checkpoints of one model.
type Allow struct {
	// Missing lets a tensor that some have be merged of those; only of bare files,
	// because a config says exactly which tensors its model has.
	Missing bool
	// Config lets configs differ in the function that they describe: that of the
	// base, or else of the first model, is the result's.
	Config bool
	// Tokenizer lets tokenizers, and the ids of special tokens, differ in what they
	// do.
	Tokenizer bool
	// Tied takes the embedding of a model with a tied head for its head, where
	// others have one of their own.
	Tied bool
	// Quantized lets models in whose element types values were rounded in blocks be
	// merged.
	Quantized bool
	// NonFinite lets NaN and infinities be computed with.
	NonFinite bool
}

// Result is a merged model.
type Result struct {
	// Model has the result's tensors, which are computed when they are read. The
	// models that it is made of must stay open.
	Model    *olmo.Model
	Findings []formats.Finding
	// Coefficients are those of the models in a linear merge, in lowest terms; nil
	// if they are not the same for all tensors, or the method is another.
	Coefficients []*big.Rat
	// Lost counts, as the tensors are read, what could not be kept in the element
	// type of the result.
	Lost formats.CastStats

	from *merging
}

// Merge returns the merge of models that a recipe describes. It compares what the
// models are, and reads no weights: these are read and checked when the result's
// are. base is nil where there is none. ctx is that of the reading too. Errors
// are of type [*UsageError], or about the models.
func Merge(ctx context.Context, models []*olmo.Model, base *olmo.Model, r Recipe, o Options) (*Result, error) {
	if err := r.check(len(models), base != nil); err != nil {
		return nil, err
	}
	m := &merging{Options: o, recipe: r, models: models, all: models, hasBase: base != nil, result: new(Result)}
	if o.Donor < 0 || o.Donor >= len(models) {
		return nil, usagef("found model %d as donor, expected 0 to %d", o.Donor, len(models)-1)
	}
	m.donor = models[o.Donor]
	if base != nil {
		m.all = append(append([]*olmo.Model{}, models...), base)
		m.donor = base
	}
	for _, step := range []func() error{m.checkSources, m.checkConfigs, m.checkTied, m.checkTokenizers, m.match} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	ts, err := m.tensors(ctx)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = "soup"
	}
	if m.result.Model, err = m.donor.Made(o.Name, ts); err != nil {
		return nil, err
	}
	if t := m.tokenizer; t != nil {
		m.result.Model.Source.Beside, m.result.Model.Source.KVs = t.Source.Beside, t.Source.KVs
	}
	m.result.from = m
	return m.result, nil
}

// merging is one merge.
type merging struct {
	Options
	recipe  Recipe
	models  []*olmo.Model
	hasBase bool
	all     []*olmo.Model // the models, and the base last

	donor     *olmo.Model // whose config and order the result has
	tokenizer *olmo.Model // whose tokenizer; nil if nobody has one

	matched []matched
	views   []*view // that compute them
	result  *Result
}

func (m *merging) find(severity formats.Severity, code, where, format string, args ...any) {
	m.result.Findings = append(m.result.Findings, formats.Finding{Severity: severity, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
}

// tensors makes the tensors of the result.
func (m *merging) tensors(ctx context.Context) ([]formats.Tensor, error) {
	out := make([]formats.Tensor, 0, len(m.matched))
	for k, x := range m.matched {
		t, err := m.tensor(ctx, x)
		if err != nil {
			if errors.Is(err, errZeroSum) {
				err = &UsageError{err}
			}
			return nil, err
		}
		out, m.views = append(out, t), append(m.views, t.Data.(*view))
		m.sameCoefficients(k == 0, x, m.views[k])
	}
	for i, c := range m.result.Coefficients {
		if c.Sign() == 0 {
			m.find(formats.Info, "zero-weight", m.models[i].Source.Path, "its weight is zero: it is not read")
		}
	}
	return out, nil
}

// tensor makes one.
func (m *merging) tensor(ctx context.Context, x matched) (formats.Tensor, error) {
	t := &Tensor{Name: x.name, Shape: x.shape, full: x.out == formats.F64, threads: m.Threads}
	in := make([]*input, 0, len(m.all))
	for _, i := range x.models {
		t.in, in = append(t.in, x.in[i]), append(in, x.in[i])
	}
	if m.hasBase {
		b := x.in[len(m.models)]
		t.base, in = b, append(in, b)
	}
	if err := m.recipe.settle(t, x.models); err != nil {
		return formats.Tensor{}, err
	}
	v, err := newView(ctx, m.recipe.Method, t, in, x.out, &m.result.Lost)
	if err != nil {
		return formats.Tensor{}, err
	}
	r, err := formats.NewTensor(x.name, x.out, x.shape, v)
	r.Origin = formats.Origin{Name: x.name, Offset: -1}
	return r, err
}

// sameCoefficients keeps the coefficients of the result as long as all tensors
// have the same.
func (m *merging) sameCoefficients(first bool, x matched, v *view) {
	switch {
	case v.coefficients == nil || len(x.models) != len(m.models):
		m.result.Coefficients = nil
	case first:
		m.result.Coefficients = v.coefficients
	case m.result.Coefficients != nil:
		for i, c := range v.coefficients {
			if c.Cmp(m.result.Coefficients[i]) != 0 {
				m.result.Coefficients = nil
				return
			}
		}
	}
}
