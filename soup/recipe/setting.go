package recipe

import (
	"math/big"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/soup"
)

// setting is what one place of a recipe says of a parameter: rules, of which the
// first that fits counts.
type setting struct {
	at     *yaml.Node // where it is said
	isBool bool
	rules  []rule
}

// rule is a value for the tensors whose names contain filter.
type rule struct {
	filter string     // empty: all
	values []*big.Rat // one, or a gradient
}

// settings are those of one place, by parameter.
type settings map[string]*setting

// position is t of a gradient, num/den, from 0 to 1.
type position struct{ num, den int }

// at returns the value for a tensor; nil if no rule fits.
func (s *setting) value(tensor string, t position) *big.Rat {
	for _, r := range s.rules {
		if !strings.Contains(tensor, r.filter) {
			continue
		}
		last := len(r.values) - 1
		if s.isBool {
			// In floating point, as mergekit has it: a step is where its rounding
			// puts it.
			return r.values[int(float64(t.num)/float64(t.den)*float64(last))]
		}
		i, rest := t.num*last/t.den, t.num*last%t.den
		if rest == 0 {
			return r.values[i]
		}
		x := new(big.Rat).Sub(r.values[i+1], r.values[i])
		return x.Add(r.values[i], x.Mul(x, big.NewRat(int64(rest), int64(t.den))))
	}
	return nil
}

// moot are parameters of mergekit's methods that change nothing, with the reason.
var moot = map[string]string{"int8_mask": "it narrows a temporary of mergekit's and no result"}

// settings reads what is said of parameters with a model, where perModel is set,
// or for all.
func (p *parser) settings(n *yaml.Node, m *soup.Method, perModel bool) (settings, error) {
	fs, err := p.fields(n, "parameters")
	if err != nil {
		return nil, err
	}
	out := settings{}
	for _, f := range fs {
		if why, ok := moot[f.name]; ok {
			p.note(f.key, "moot-setting", "%s has no effect: %s", f.name, why)
			continue
		}
		i := slices.IndexFunc(m.Params, func(q soup.Param) bool { return q.Name == f.name })
		switch {
		case i < 0:
			names := paramNames(m)
			return nil, p.errorf(f.key, "found the parameter %.80q, which %s does not have, expected %s%s", f.name, m.Name, oneOf(names), hint(f.name, names))
		case perModel && !m.Params[i].PerModel:
			return nil, p.errorf(f.key, "found the parameter %s with a model, expected it below parameters at the top or of a slice: all models share it", f.name)
		}
		s := &setting{at: f.node, isBool: m.Params[i].Bool}
		if s.rules, err = p.rules(f.node, s.isBool); err != nil {
			return nil, err
		}
		out[f.name] = s
	}
	return out, nil
}

// rules reads a setting: a value, a list of values, a rule, a list of rules.
func (p *parser) rules(n *yaml.Node, isBool bool) ([]rule, error) {
	if n.Kind == yaml.MappingNode {
		r, err := p.rule(n, isBool)
		return []rule{r}, err
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		first, err := p.resolve(n.Content[0])
		if err != nil {
			return nil, err
		}
		if first.Kind == yaml.MappingNode {
			list, err := p.list(n, "rules")
			if err != nil {
				return nil, err
			}
			rs := make([]rule, len(list))
			for i, c := range list {
				if rs[i], err = p.rule(c, isBool); err != nil {
					return nil, err
				}
			}
			return rs, nil
		}
	}
	vs, err := p.values(n, isBool)
	return []rule{{values: vs}}, err
}

// rule reads {filter, value}.
func (p *parser) rule(n *yaml.Node, isBool bool) (rule, error) {
	var r rule
	err := p.object(n, "a rule", []key{
		{"filter", func(n *yaml.Node) (err error) {
			if r.filter, err = p.text(n, "a part of tensors' names"); r.filter == "*" {
				r.filter = ""
			}
			return err
		}},
		{"value", func(n *yaml.Node) (err error) {
			r.values, err = p.values(n, isBool)
			return err
		}},
	}, nil)
	if err == nil && r.values == nil {
		err = p.errorf(n, "found a rule without a value, expected filter and value")
	}
	return r, err
}

// values reads a value or a gradient of them.
func (p *parser) values(n *yaml.Node, isBool bool) ([]*big.Rat, error) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		var err error
		if list, err = p.list(n, "values"); err != nil {
			return nil, err
		}
	}
	read := p.number
	if isBool {
		read = p.boolean
	}
	xs := make([]*big.Rat, len(list))
	for i, c := range list {
		var err error
		if xs[i], err = read(c); err != nil {
			return nil, err
		}
	}
	return xs, nil
}

func paramNames(m *soup.Method) []string {
	var names []string
	for _, q := range m.Params {
		if moot[q.Name] == "" {
			names = append(names, q.Name)
		}
	}
	return names
}
