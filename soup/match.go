package soup

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// matched is a tensor of the result and where it comes from.
type matched struct {
	name   string
	shape  []int64
	out    formats.DType
	in     []*input // of each model, and of the base last; nil where it is missing
	models []int    // those that have it
}

// match finds the tensors of the union of all names, in the order of the donor.
func (m *merging) match() error {
	names, have, err := m.union()
	if err != nil {
		return err
	}
	if err := m.missing(names, have); err != nil {
		return err
	}
	mixed := 0
	for _, name := range names {
		x := matched{name: name}
		var first *input
		for i, ts := range have {
			t, ok := ts[name]
			x.in = append(x.in, nil)
			if !ok {
				continue
			}
			in, err := m.input(t, m.all[i])
			if err != nil {
				return err
			}
			x.in[i] = in
			if i < len(m.models) {
				x.models = append(x.models, i)
			}
			if first == nil {
				first, x.shape, x.out = in, t.Shape, in.DType
			}
			if !slices.Equal(t.Shape, x.shape) {
				return in.errorf("found shape %v, expected %v as in %s", t.Shape, x.shape, first.path)
			}
			if in.DType != first.DType && mixed == 0 {
				m.find(formats.Info, "mixed-dtypes", name, "%s in %s, %s in %s", first.DType, first.path, in.DType, in.path)
				mixed++
			}
			x.out = promote(x.out, in.DType)
		}
		if m.recipe.DType.Valid() {
			x.out = m.recipe.DType
		}
		if n, least := len(x.models), m.recipe.Method.Min; n < least || m.hasBase && x.in[len(m.models)] == nil {
			return first.errorf("found it in too few of the models, expected it in %d and in the base if there is one", least)
		}
		m.matched = append(m.matched, x)
	}
	return nil
}

// union returns all names, and the tensors of each model by name.
func (m *merging) union() (names []string, have []map[string]formats.Tensor, err error) {
	head := olmo.Tied()
	seen := map[string]bool{}
	add := func(x *olmo.Model) {
		for _, t := range x.Tensors {
			if !seen[t.Name] {
				seen[t.Name] = true
				names = append(names, t.Name)
			}
		}
	}
	add(m.donor)
	for _, x := range m.all {
		add(x)
		ts := make(map[string]formats.Tensor, len(x.Tensors))
		for _, t := range x.Tensors {
			if _, ok := ts[t.Name]; ok {
				return nil, nil, formats.Errorf(x.Source.Path, fmt.Sprintf("tensor %.120q", t.Name), "found the name twice, expected each name once")
			}
			ts[t.Name] = t
		}
		if x.Config != nil && x.Config.TieWordEmbeddings && !m.donor.Config.TieWordEmbeddings {
			ts[head[0]] = ts[head[1]].WithName(head[0])
		}
		have = append(have, ts)
	}
	return names, have, nil
}

// missing looks for tensors that some models have and others lack.
func (m *merging) missing(names []string, have []map[string]formats.Tensor) error {
	for i, ts := range have {
		var lacks []string
		owner := ""
		for _, name := range names {
			if _, ok := ts[name]; ok {
				continue
			}
			if owner == "" {
				j := slices.IndexFunc(have, func(o map[string]formats.Tensor) bool { _, ok := o[name]; return ok })
				owner = m.all[j].Source.Path
			}
			lacks = append(lacks, fmt.Sprintf("%.120q", name))
		}
		if len(lacks) == 0 {
			continue
		}
		path, n := m.all[i].Source.Path, len(lacks)
		const most = 5
		if n > most {
			lacks = append(lacks[:most], fmt.Sprintf("… (%d in all)", n))
		}
		said := strings.Join(lacks, ", ")
		if !m.Allow.Missing || m.donor.Config != nil {
			return formats.Errorf(path, "tensors", "found no %s, expected the same tensors as in %s", said, owner)
		}
		m.find(formats.Warning, "missing-tensors", path, "it has no %s: merged of those that have them", said)
	}
	return nil
}

// input checks the type of a tensor.
func (m *merging) input(t formats.Tensor, of *olmo.Model) (*input, error) {
	in := &input{Tensor: t, path: of.Source.Path, anyway: m.Allow.NonFinite}
	switch {
	case t.DType.IsFloat():
		return in, nil
	case !t.DType.IsBlock() || !formats.CanCast(t.DType, formats.F32):
		return nil, in.errorf("found %s, expected F64, F32, F16 or BF16", t.DType)
	case !m.Allow.Quantized:
		return nil, in.errorf("found %s, in which values have been rounded in blocks, expected F64, F32, F16 or BF16: say --allow-quantized to merge it all the same", t.DType)
	}
	var err error
	in.Tensor, err = formats.Cast(t, formats.F32, nil)
	return in, err
}
