package convert

import (
	"path/filepath"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Stored returns a model with the values that the output of Write would have, in
// the element types that they are stored in. It writes nothing, and computes when
// tensors are read.
func Stored(m *olmo.Model, o Options) (*olmo.Model, error) {
	dtype, err := o.settle()
	if err != nil {
		return nil, err
	}
	p, err := m.Plan(o.To, olmo.PlanOptions{DType: dtype, Container: o.Container, Name: filepath.Base(o.Dst)})
	if err != nil {
		return nil, inSource(m.Source, err)
	}
	r := &olmo.Model{Config: m.Config, Source: m.Source}
	for _, t := range p.Tensors {
		// A GGUF may have a copy of the embedding besides.
		if slices.ContainsFunc(m.Tensors, func(x formats.Tensor) bool { return x.Name == t.Name }) {
			r.Tensors = append(r.Tensors, t)
		}
	}
	return r, nil
}
