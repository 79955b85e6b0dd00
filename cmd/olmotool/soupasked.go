package main

import (
	"errors"
	"io/fs"
	"math/big"
	"os"
	"strings"

	"olmotool/formats"
	"olmotool/soup"
	"olmotool/soup/recipe"
)

// asked is a merge that was asked for, before anything is opened.
type asked struct {
	names  []recipe.Ref // of the models
	base   *recipe.Ref  // nil: none
	donor  int          // whose config the result has, where there is no base
	file   *recipe.File // nil: the command line says it all
	method *soup.Method
	params []paramDoc // as they were given
	// recipe gives what package soup takes, for models of these tensors.
	recipe func(tensors []string) (soup.Recipe, []formats.Finding, error)
}

// paramDoc is a parameter as the command line has it.
type paramDoc struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// asked finds out what is to be merged.
func (f *soupFlags) asked(args []string) (*asked, error) {
	if f.config != "" {
		return f.configured()
	}
	a := &asked{}
	if f.run != "" {
		steps, err := soup.SelectRun(f.run, f.steps)
		if err != nil {
			return nil, err
		}
		for _, s := range steps {
			a.names = append(a.names, recipe.Ref{Name: s.Path})
		}
	}
	for _, arg := range args {
		r, err := refOf(arg)
		if err != nil {
			return nil, err
		}
		a.names = append(a.names, r)
	}
	if f.base != "" {
		r, err := refOf(f.base)
		if err != nil {
			return nil, err
		}
		a.base = &r
	}
	var err error
	if a.method, err = soup.Find(f.method); err != nil {
		return nil, usageError("--%w", err)
	}
	values, err := f.values(a)
	if err != nil {
		return nil, err
	}
	a.recipe = func([]string) (soup.Recipe, []formats.Finding, error) {
		return soup.Recipe{Method: a.method, Value: values.value, Models: len(a.names)}, nil, nil
	}
	return a, nil
}

// configured is what the recipe in a file asks for.
func (f *soupFlags) configured() (*asked, error) {
	file, err := recipe.Read(f.config)
	if err != nil {
		return nil, err
	}
	a := &asked{names: file.Models, file: file, method: file.Method, recipe: file.Recipe}
	a.donor, a.base = file.Roles()
	return a, nil
}

// refOf names a model of the command line: a path, or else one of the hub's.
func refOf(arg string) (recipe.Ref, error) {
	if _, err := os.Lstat(arg); !errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(arg, "random:") {
		return recipe.Ref{Name: arg}, nil
	}
	r, err := recipe.ParseRef(arg)
	if err != nil {
		return r, usageError("%w", err)
	}
	return r, nil
}

// given are values of parameters, of all models or of each.
type given map[string][]*big.Rat

func (g given) value(param, _ string, model int) *big.Rat {
	switch v := g[param]; {
	case len(v) == 0:
		return nil
	case len(v) == 1 || model < 0:
		return v[0]
	default:
		return v[model]
	}
}

// values reads the parameters of the command line.
func (f *soupFlags) values(a *asked) (given, error) {
	g := given{}
	set := func(flag, name, text string) error {
		p, err := a.method.Param(name)
		if err != nil {
			return usageError("%s: %w", flag, err)
		}
		if _, twice := g[name]; twice {
			return usageError("%s: found %s twice", flag, name)
		}
		for _, s := range strings.Split(text, ",") {
			v, err := parseParam(p, strings.TrimSpace(s))
			if err != nil {
				return usageError("%s: %w", flag, err)
			}
			g[name] = append(g[name], v)
		}
		switch n := len(g[name]); {
		case n > 1 && !p.PerModel:
			return usageError("%s: found %d values of %s, expected one: all models share it", flag, n, name)
		case n > 1 && n != len(a.names), flag == "--weights" && n != len(a.names):
			return usageError("%s: found %d values for %d models, expected one for each", flag, n, len(a.names))
		}
		a.params = append(a.params, paramDoc{name, text})
		return nil
	}
	if f.weights != "" {
		if err := set("--weights", "weight", f.weights); err != nil {
			return nil, err
		}
	}
	if f.noNormalize {
		if err := set("--no-normalize", "normalize", "0"); err != nil {
			return nil, err
		}
	}
	for _, s := range f.params {
		name, text, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usageError("--param: found %q, expected NAME=VALUE", s)
		}
		if err := set("--param", name, text); err != nil {
			return nil, err
		}
	}
	if f.schedule != "" {
		if g["weight"] != nil {
			return nil, usageError("--schedule: found --param weight, expected no weights with this flag")
		}
		w, err := soup.Schedule(f.schedule, len(a.names))
		if err != nil {
			return nil, usageError("--%w", err)
		}
		if _, err := a.method.Param("weight"); err != nil {
			return nil, usageError("--schedule: %w", err)
		}
		g["weight"] = w
		a.params = append(a.params, paramDoc{"schedule", f.schedule})
	}
	if a.method.Name == "linear" && g["weight"] == nil {
		g["weight"] = []*big.Rat{big.NewRat(1, 1)} // the plain mean
	}
	return g, nil
}

// parseParam reads a value.
func parseParam(p soup.Param, s string) (*big.Rat, error) {
	if p.Bool {
		switch s {
		case "true":
			s = "1"
		case "false":
			s = "0"
		}
	}
	return soup.ParseNumber(s)
}
