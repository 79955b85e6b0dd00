package recipe

import (
	"context"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup"
)

// Open opens the models of the recipe and returns what it makes of them: a
// checkpoint that is written nowhere, whose tensors are computed as they are
// read. To close it is to close the models. Of the options Donor and Name are the
// recipe's own.
func (f *File) Open(ctx context.Context, o soup.Options) (_ *olmo.Source, err error) {
	opened := &formats.Checkpoint{}
	defer func() {
		if err != nil {
			opened.Close()
		}
	}()
	open := func(r Ref) (*olmo.Model, error) {
		path, err := r.Path()
		if err != nil {
			return nil, err
		}
		src, err := olmo.Open(path, "")
		if err != nil {
			return nil, err
		}
		opened.Closers = append(opened.Closers, src)
		return src.Model()
	}
	models := make([]*olmo.Model, len(f.Models))
	for i, r := range f.Models {
		if models[i], err = open(r); err != nil {
			return nil, err
		}
	}
	all := models
	var base *olmo.Model
	donor, extra := f.Roles()
	if extra != nil {
		if base, err = open(*extra); err != nil {
			return nil, err
		}
		all = append(slices.Clone(models), base)
	}
	r, findings, err := f.Recipe(TensorNames(all))
	if err != nil {
		return nil, err
	}
	o.Donor, o.Name = donor, f.Path
	merged, err := soup.Merge(ctx, models, base, r, o)
	if err != nil {
		return nil, formats.Errorf(f.Path, "", "%w", err)
	}
	src := merged.Model.Source
	src.Closers = opened.Closers
	src.Findings = slices.Concat(f.Findings, findings, merged.Findings)
	return src, nil
}

// Roles returns which of the models is the one whose config the result has, where
// there is no base; and the base, if it has to be opened beside the models.
func (f *File) Roles() (donor int, base *Ref) {
	if f.Base == nil {
		return 0, nil
	}
	if i := slices.Index(f.Models, *f.Base); i >= 0 {
		return i, nil
	}
	if f.Method.Base == soup.NoBase {
		return 0, nil
	}
	return 0, f.Base
}

// TensorNames returns the names of the tensors of all models, each once, in order.
func TensorNames(models []*olmo.Model) []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range models {
		for _, t := range m.Tensors {
			if !seen[t.Name] {
				seen[t.Name] = true
				names = append(names, t.Name)
			}
		}
	}
	return names
}
