package olmo

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
)

// arrange returns the given tensors in canonical order after checking that they
// are exactly the model's: none missing, none in excess, each of its shape and
// of a type that weights can have. where is the path for messages.
func (c *Config) arrange(where string, ts []formats.Tensor) ([]formats.Tensor, error) {
	have := make(map[string]formats.Tensor, len(ts))
	for _, t := range ts {
		if o, ok := have[t.Name]; ok {
			return nil, formats.Errorf(where, "tensors", "found both %.120q and %.120q for %q, expected one", o.Origin.Name, t.Origin.Name, t.Name)
		}
		have[t.Name] = t
	}
	out := make([]formats.Tensor, 0, len(ts))
	var missing, extra []string
	for _, s := range c.Tensors() {
		t, ok := have[s.Name]
		if !ok {
			missing = append(missing, s.Name)
			continue
		}
		delete(have, s.Name)
		place := fmt.Sprintf("tensor %.120q", t.Origin.Name)
		if !slices.Equal(t.Shape, s.Shape) {
			return nil, formats.Errorf(where, place, "found shape %v, expected %v from the config", t.Shape, s.Shape)
		}
		if !t.DType.IsFloat() && !t.DType.IsBlock() {
			return nil, formats.Errorf(where, place, "found %s, expected F64, F32, F16, BF16 or a quantised type", t.DType)
		}
		out = append(out, t)
	}
	for _, t := range have {
		extra = append(extra, t.Origin.Name)
	}
	slices.Sort(extra)
	switch {
	case len(missing) > 0 && len(extra) > 0:
		return nil, formats.Errorf(where, "tensors", "found no %s, expected by the config; found %s, expected none by this name in a model of type %q", nameList(missing), nameList(extra), c.ModelType)
	case len(missing) > 0:
		return nil, formats.Errorf(where, "tensors", "found no %s, expected by the config", nameList(missing))
	case len(extra) > 0:
		return nil, formats.Errorf(where, "tensors", "found %s, expected none by this name in a model of type %q and this config", nameList(extra), c.ModelType)
	}
	return out, nil
}

// nameList prints the first names of a list.
func nameList(names []string) string {
	const most = 5
	q := quoted(names[:min(len(names), most)])
	if len(names) > most {
		q = append(q, fmt.Sprintf("… (%d in all)", len(names)))
	}
	return strings.Join(q, ", ")
}
