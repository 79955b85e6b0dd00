package olmo

import (
	"fmt"
	"slices"

	"olmotool/formats"
)

// Loose is [Source.Model] for what may not be a whole model: that is to be found
// out. The model has the tensors that the config asks for, as far as they are
// there, in canonical order and in whatever shape and type they have; after them
// come those that it does not ask for, in the order of the source, a second one of
// a name by the name that it is stored by. The findings say what is missing, in
// excess, of another shape or of no type of weights; there are none exactly if
// Model succeeds. What cannot be read at all is an error.
func (s *Source) Loose() (*Model, []formats.Finding, error) {
	if err := s.readable(); err != nil {
		return nil, nil, err
	}
	if s.Config == nil {
		return &Model{Tensors: s.Tensors, Source: s}, nil, nil
	}
	var found []formats.Finding
	c := *s
	c.misfits = &found
	ts, err := s.layout.canonical(&c)
	if err != nil {
		return nil, nil, err
	}
	ts, found = s.Config.arrangeLoosely(ts, found)
	return &Model{Config: s.Config, Tensors: ts, Source: s}, found, nil
}

// misfit is called for a tensor that cannot be brought into canonical form, and
// why. Where that is no error the tensor stays as it is.
func (s *Source) misfit(t formats.Tensor, err error) error {
	place := fmt.Sprintf("tensor %.120q", t.Origin.Name)
	if s.misfits == nil {
		return formats.Errorf(s.Path, place, "%w", err)
	}
	*s.misfits = append(*s.misfits, flaw("misfit-tensor", place, "%v", err))
	return nil
}

// flaw is a finding about a tensor that makes a checkpoint no model.
func flaw(code, where, format string, args ...any) formats.Finding {
	return formats.Finding{Severity: formats.Serious, Code: code, Where: where, Message: fmt.Sprintf(format, args...)}
}

// arrangeLoosely is arrange for a list that need not be the model's.
func (c *Config) arrangeLoosely(ts []formats.Tensor, found []formats.Finding) ([]formats.Tensor, []formats.Finding) {
	have := make(map[string]formats.Tensor, len(ts))
	var out, extra []formats.Tensor
	for _, t := range ts {
		if _, ok := have[t.Name]; ok {
			t = t.WithName(t.Origin.Name)
			extra = append(extra, t)
			continue
		}
		have[t.Name] = t
	}
	for _, s := range c.Tensors() {
		t, ok := have[s.Name]
		if !ok {
			found = append(found, flaw("missing-tensor", fmt.Sprintf("tensor %q", s.Name), "found none, expected one of shape %v", s.Shape))
			continue
		}
		delete(have, s.Name)
		out = append(out, t)
		place := fmt.Sprintf("tensor %.120q", t.Origin.Name)
		if !slices.Equal(t.Shape, s.Shape) {
			found = append(found, flaw("tensor-shape", place, "found shape %v, expected %v from the config", t.Shape, s.Shape))
		}
		if !t.DType.IsFloat() && !t.DType.IsBlock() {
			found = append(found, flaw("tensor-type", place, "found %s, expected F64, F32, F16, BF16 or a quantised type", t.DType))
		}
	}
	for _, t := range ts { // in their order
		if _, ok := have[t.Name]; ok {
			delete(have, t.Name)
			extra = append(extra, t)
		}
	}
	for _, t := range extra {
		found = append(found, flaw("extra-tensor", fmt.Sprintf("tensor %.120q", t.Origin.Name), "found one, expected none by this name in a model of type %q and this config", c.ModelType))
	}
	return append(out, extra...), found
}
