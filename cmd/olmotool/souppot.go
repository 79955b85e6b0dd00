package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup"
	"olmotool/soup/recipe"
)

// pot is what is merged, open.
type pot struct {
	*asked
	inputs   []*convert.Input // of the models, and of the base last
	digests  []string         // of inputs, once they are known
	hashed   map[int]string   // digests of some inputs
	search   *searchDoc       // nil: none was asked for
	merged   *soup.Result
	findings []formats.Finding
}

func (p *pot) close() {
	for _, in := range p.inputs {
		in.Close()
	}
}

// all are the names of the inputs.
func (a *asked) all() []recipe.Ref {
	if a.base == nil {
		return a.names
	}
	return append(append([]recipe.Ref{}, a.names...), *a.base)
}

// open opens the models.
func (f *soupFlags) open(ctx context.Context, a *asked, o convert.Options) (*pot, error) {
	p := &pot{asked: a}
	for _, r := range a.all() {
		path, err := r.Path()
		if err == nil {
			var in *convert.Input
			if in, err = convert.Open(ctx, path, o); err == nil {
				p.inputs = append(p.inputs, in)
				continue
			}
		}
		p.close()
		return nil, err
	}
	return p, nil
}

// merge makes the merged model, and what its output needs to know.
func (f *soupFlags) merge(ctx context.Context, p *pot, o *convert.Options) error {
	models := make([]*olmo.Model, len(p.inputs))
	for i, in := range p.inputs {
		models[i] = in.Model
	}
	r, found, err := p.recipe(recipe.TensorNames(models))
	if err != nil {
		return err
	}
	r.Seed = f.seed
	switch d, err := formats.ParseDType(f.DType); {
	case err != nil: // keep
	case !d.IsBlock():
		r.DType = d
	case !r.DType.Valid():
		r.DType = formats.F32
	}
	var base *olmo.Model
	if p.base != nil {
		base, models = models[len(models)-1], models[:len(models)-1]
	}
	so := soup.Options{Threads: o.Threads, Allow: f.allow, Donor: p.donor, Name: strings.TrimSuffix(f.dst, ".gguf")}
	p.merged, err = soup.Merge(ctx, models, base, r, so)
	if err != nil {
		if p.file != nil && errors.As(err, new(*soup.UsageError)) {
			err = formats.Errorf(p.file.Path, "", "%w", err)
		}
		return err
	}
	o.Lost = &p.merged.Lost
	p.findings = append(found, p.merged.Findings...)
	if p.file == nil {
		return nil
	}
	p.findings = append(append([]formats.Finding{}, p.file.Findings...), p.findings...)
	return p.besides(o)
}

// besides adds what a recipe puts beside the weights.
func (p *pot) besides(o *convert.Options) error {
	if t := p.file.Tokenizer; t != nil && o.TokenizerDir == "" {
		path, err := t.Path()
		if err != nil {
			return err
		}
		for i, r := range p.all() {
			if r == *t && p.inputs[i].Beside.Has("tokenizer.json") {
				path = p.inputs[i].Beside.Dir
			}
		}
		o.TokenizerDir = path
	}
	if t := p.file.ChatTemplate; t != "" {
		o.Extra = append(o.Extra, convert.ExtraFile{Name: "chat_template.jinja", Data: []byte(t)})
	}
	name := cmp.Or(p.file.Name, filepath.Base(strings.TrimSuffix(o.Dst, ".gguf")))
	hub := func(r recipe.Ref) bool {
		path, err := r.Path()
		return err == nil && path != r.Name
	}
	o.Extra = append(o.Extra,
		convert.ExtraFile{Name: "README.md", Data: p.file.Card(name, hub)},
		convert.ExtraFile{Name: "mergekit_config.yml", Data: p.file.Text},
	)
	return nil
}

// addOrigin says where the model comes from, for provenance, which takes reading
// all models once more for their digests.
func (p *pot) addOrigin(ctx context.Context, o *convert.Options) error {
	if !o.Provenance {
		return nil
	}
	for i := range p.inputs {
		d := "sha256:" + strings.Repeat("0", 64)
		switch {
		case o.NoHash:
			d = ""
		case !o.DryRun:
			var err error
			if d, err = p.digest(ctx, i, o); err != nil {
				return err
			}
		}
		p.digests = append(p.digests, d)
	}
	o.Origin = originOf(p)
	return nil
}
