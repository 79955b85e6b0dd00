package recipe

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"olmotool/soup"
)

// source is a model of a list, with its settings.
type source struct {
	at     *yaml.Node
	ref    Ref
	params *yaml.Node // nil if there are none
	lo, hi int
}

// source reads a member of models, or of sources with a layer range.
func (p *parser) source(n *yaml.Node, what string, ranged bool) (source, error) {
	s := source{at: n, hi: -1}
	keys := []key{
		{"model", func(n *yaml.Node) (err error) {
			s.ref, err = p.ref(n)
			return err
		}},
		{"parameters", func(n *yaml.Node) error {
			s.params = n
			return nil
		}},
	}
	if ranged {
		keys = append(keys, key{"layer_range", func(n *yaml.Node) (err error) {
			s.lo, s.hi, err = p.layers(n)
			return err
		}})
	}
	err := p.object(n, what, keys, nil)
	switch {
	case err != nil:
	case s.ref.Name == "":
		err = p.errorf(n, "found no key model in %s, expected its path", what)
	case ranged && s.hi < 0:
		err = p.errorf(n, "found no key layer_range in %s, expected [from, to]", what)
	}
	return s, err
}

// layers reads a layer range, [from, to).
func (p *parser) layers(n *yaml.Node) (lo, hi int, err error) {
	list, err := p.list(n, "two layers, from and to")
	if err != nil {
		return 0, 0, err
	}
	if len(list) != 2 {
		return 0, 0, p.errorf(n, "found %d layers, expected two: from and to", len(list))
	}
	if lo, err = p.integer(list[0]); err == nil {
		hi, err = p.integer(list[1])
	}
	if err == nil && lo >= hi {
		err = p.errorf(n, "found the layers [%d, %d], expected the second to be greater", lo, hi)
	}
	return lo, hi, err
}

// models reads the key models: one slice of all layers.
func (p *parser) models(n *yaml.Node, f *File) error {
	list, err := p.list(n, "models")
	if err != nil {
		return err
	}
	srcs := make([]source, len(list))
	for i, c := range list {
		if srcs[i], err = p.source(c, "a model", false); err != nil {
			return err
		}
	}
	if f.Base != nil && f.Method.Base == soup.NoBase && !slices.ContainsFunc(srcs, func(s source) bool { return s.ref == *f.Base }) {
		p.note(n, "base-merged", "base_model %s is none of the models: %s has no base, so it is merged as one more", f.Base, f.Method.Name)
		srcs = append(srcs, source{at: n, ref: *f.Base, hi: -1})
	}
	return p.cut(slice{at: n, hi: -1}, srcs, f)
}

// slices reads the key slices, the ranges of which must be the whole model in
// order.
func (p *parser) slices(n *yaml.Node, f *File) error {
	list, err := p.list(n, "slices")
	if err != nil {
		return err
	}
	next := 0
	for _, c := range list {
		var (
			srcs   []source
			params *yaml.Node
			base   Ref
		)
		err := p.object(c, "a slice", []key{
			{"sources", func(n *yaml.Node) error {
				list, err := p.list(n, "models with their layers")
				for _, c := range list {
					s, err := p.source(c, "a source", true)
					if err != nil {
						return err
					}
					srcs = append(srcs, s)
				}
				return err
			}},
			{"parameters", func(n *yaml.Node) error {
				params = n
				return nil
			}},
			{"base_model", func(n *yaml.Node) (err error) {
				if base, err = p.ref(n); err == nil && (f.Base == nil || *f.Base != base) {
					err = p.errorf(n, "found the base %.80q of a slice, expected that of all: say base_model at the top", base)
				}
				return err
			}},
			{"residual_weight", func(n *yaml.Node) error {
				p.note(n, "moot-setting", "residual_weight has no effect: mergekit reads it and does not use it")
				return nil
			}},
		}, nil)
		if err != nil {
			return err
		}
		if len(srcs) == 0 {
			return p.errorf(c, "found no key sources in a slice, expected models with their layers")
		}
		s := slice{at: c, lo: srcs[0].lo, hi: srcs[0].hi}
		for _, x := range srcs {
			if x.lo != next || x.hi != s.hi {
				return p.errorf(x.at, "found the layers [%d, %d] of %.80q, expected %s: slices have to be whole models, layers are not put elsewhere", x.lo, x.hi, x.ref, expectedRange(next, s))
			}
		}
		next = s.hi
		if params != nil {
			if s.params, err = p.settings(params, f.Method, false); err != nil {
				return err
			}
		}
		if err := p.cut(s, srcs, f); err != nil {
			return err
		}
	}
	return nil
}
