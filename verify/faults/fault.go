package faults

import (
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Fault is a mistake in a model.
type Fault struct {
	Name string // short and stable: "transposed-q_proj"
	Doc  string // one line
	// Layer is the first layer that computes something else.
	Layer int
	// Tensors are the canonical names of those that are changed. Where REF's
	// values are such that the change makes no difference (norms that are all
	// ones, swapped), the model stays what it was.
	Tensors []string
	// Site is what in that layer first comes out differently, as package forward
	// names it. OLMo 1 has its norms before the projections.
	Site string
	// Diagnosis is part of what a comparison of weights says of it: of each of the
	// tensors, or of the config.
	Diagnosis string
	// Weights: tensors are changed; otherwise the config is.
	Weights bool

	apply func(m *model) error
}

// Apply returns a model with the fault. It shares the data of m, whose source
// must stay open.
func (f Fault) Apply(m *olmo.Model) (*olmo.Model, error) {
	if m.Config == nil {
		return nil, fmt.Errorf("fault %s: found a bare list of tensors, expected a model", f.Name)
	}
	c := *m.Config
	c.LayerTypes = slices.Clone(c.LayerTypes)
	x := &model{olmo.Model{Config: &c, Tensors: slices.Clone(m.Tensors), Source: m.Source}}
	if err := f.apply(x); err != nil {
		return nil, fmt.Errorf("fault %s: %w", f.Name, err)
	}
	return &x.Model, nil
}

// model is a model that is being changed.
type model struct{ olmo.Model }

// get returns a tensor by its canonical name.
func (m *model) get(name string) (formats.Tensor, error) {
	i := slices.IndexFunc(m.Tensors, func(t formats.Tensor) bool { return t.Name == name })
	if i < 0 {
		return formats.Tensor{}, fmt.Errorf("found no tensor %q, expected one", name)
	}
	return m.Tensors[i], nil
}

// put replaces the tensor of that name.
func (m *model) put(name string, t formats.Tensor) {
	i := slices.IndexFunc(m.Tensors, func(t formats.Tensor) bool { return t.Name == name })
	m.Tensors[i] = t.WithName(name)
}

// change replaces each of the tensors by what f makes of it.
func (m *model) change(names []string, f func(t formats.Tensor) (formats.Tensor, error)) error {
	for _, name := range names {
		t, err := m.get(name)
		if err != nil {
			return err
		}
		if t, err = f(t); err != nil {
			return err
		}
		m.put(name, t)
	}
	return nil
}

// swap exchanges two tensors.
func (m *model) swap(a, b string) error {
	x, err := m.get(a)
	if err != nil {
		return err
	}
	y, err := m.get(b)
	if err != nil {
		return err
	}
	m.put(a, y)
	m.put(b, x)
	return nil
}

// plain returns t in a type whose values can be changed one by one: its own, or
// F32 for a quantised one.
func plain(t formats.Tensor) (formats.Tensor, error) {
	if t.DType.IsFloat() {
		return t, nil
	}
	return formats.Cast(t, formats.F32, nil)
}
