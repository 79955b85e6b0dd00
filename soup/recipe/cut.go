package recipe

import (
	"fmt"
	"slices"

	"olmotool/soup"
)

// expectedRange words the range that a source must have.
func expectedRange(next int, s slice) string {
	if s.lo == next {
		return fmt.Sprintf("[%d, %d] as of the first source", s.lo, s.hi)
	}
	return fmt.Sprintf("them to begin at %d", next)
}

// cut adds a slice of these sources to the recipe. All slices are of the same
// models, and those of the first say in which order.
func (p *parser) cut(s slice, srcs []source, f *File) error {
	usesBase := f.usesBase()
	var order []Ref
	hasBase := false
	for i, x := range srcs {
		if slices.ContainsFunc(srcs[:i], func(y source) bool { return y.ref == x.ref }) {
			return p.errorf(x.at, "found the model %.80q a second time, expected each once: a weight says how much it counts", x.ref)
		}
		if usesBase && x.ref == *f.Base {
			hasBase = true
			if x.params != nil {
				p.note(x.params, "base-setting", "parameters of the base have no effect: %s has none for it", f.Method.Name)
				if _, err := p.settings(x.params, f.Method, true); err != nil {
					return err
				}
			}
			continue
		}
		order = append(order, x.ref)
	}
	if len(f.slices) == 0 {
		f.Models = order
	}
	if err := p.counts(s, f, order, usesBase && s.hi >= 0 && !hasBase); err != nil {
		return err
	}
	s.perModel = make([]settings, len(f.Models))
	for _, x := range srcs {
		if i := slices.Index(f.Models, x.ref); i >= 0 && x.params != nil {
			var err error
			if s.perModel[i], err = p.settings(x.params, f.Method, true); err != nil {
				return err
			}
		}
	}
	f.slices = append(f.slices, s)
	return nil
}

// counts checks how many models there are and which.
func (p *parser) counts(s slice, f *File, order []Ref, lacksBase bool) error {
	m := f.Method
	n := len(order)
	switch {
	case m.Base == soup.NeedsBase && f.Base == nil:
		return p.errorf(s.at, "found no base_model, expected one: %s merges differences from it", m.Name)
	case lacksBase:
		return p.errorf(s.at, "found no source %.80q in a slice, expected the base in each", f.Base)
	case n < m.Min || m.Max > 0 && n > m.Max:
		return p.errorf(s.at, "found %d models, expected %s for %s", n, countText(m), m.Name)
	}
	for _, r := range f.Models {
		if !slices.Contains(order, r) {
			return p.errorf(s.at, "found no source %.80q in a slice, expected the same models in each", r)
		}
	}
	if n != len(f.Models) {
		return p.errorf(s.at, "found %d models in a slice, expected %d as in the first", n, len(f.Models))
	}
	return nil
}

// countText says how many models a method takes.
func countText(m *soup.Method) string {
	text := fmt.Sprintf("at least %d", m.Min)
	switch m.Max {
	case 0:
	case m.Min:
		text = fmt.Sprint(m.Min)
	default:
		text = fmt.Sprintf("%d to %d", m.Min, m.Max)
	}
	if m.Base != soup.NoBase {
		text += " besides the base"
	}
	return text
}
