package main

import (
	"fmt"
	"io"

	"olmotool/soup"
)

// methodsDoc is the JSON document of soup --list-methods.
type methodsDoc struct {
	Schema  string      `json:"schema"`
	Methods []methodDoc `json:"methods"`
}

type methodDoc struct {
	Name       string           `json:"name"`
	Doc        string           `json:"doc"`
	Base       string           `json:"base"` // none, optional, required
	MinModels  int              `json:"min_models"`
	MaxModels  int              `json:"max_models,omitempty"`
	Parameters []methodParamDoc `json:"parameters"`
}

type methodParamDoc struct {
	Name     string  `json:"name"`
	Doc      string  `json:"doc"`
	PerModel bool    `json:"per_model,omitempty"`
	Type     string  `json:"type"` // number or boolean
	Required bool    `json:"required,omitempty"`
	Default  float64 `json:"default"`
}

var baseUses = map[soup.BaseUse]string{soup.NoBase: "none", soup.OptionalBase: "optional", soup.NeedsBase: "required"}

func methodNames() (names []string) {
	for _, m := range soup.Methods() {
		names = append(names, m.Name)
	}
	return names
}

func methodDocs() []methodDoc {
	var docs []methodDoc
	for _, m := range soup.Methods() {
		d := methodDoc{Name: m.Name, Doc: m.Doc, Base: baseUses[m.Base], MinModels: m.Min, MaxModels: m.Max, Parameters: []methodParamDoc{}}
		for _, p := range m.Params {
			kind := "number"
			if p.Bool {
				kind = "boolean"
			}
			d.Parameters = append(d.Parameters, methodParamDoc{p.Name, p.Doc, p.PerModel, kind, p.Required, p.Default})
		}
		docs = append(docs, d)
	}
	return docs
}

// methodsText prints the methods.
func methodsText(w io.Writer) error {
	for i, m := range methodDocs() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		models := fmt.Sprintf("at least %d", m.MinModels)
		if m.MaxModels > 0 {
			models = fmt.Sprintf("%d to %d", m.MinModels, m.MaxModels)
		}
		if m.MaxModels == m.MinModels {
			models = fmt.Sprint(m.MinModels)
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n  models: %s, base: %s\n", m.Name, m.Doc, models, m.Base); err != nil {
			return err
		}
		for _, p := range m.Parameters {
			value := fmt.Sprint(p.Default)
			switch {
			case p.Required:
				value = "required"
			case p.Type == "boolean":
				value = fmt.Sprint(p.Default != 0)
			}
			if p.PerModel {
				value = "of each model, " + value
			}
			fmt.Fprintf(w, "  %s (%s): %s\n", p.Name, value, p.Doc)
		}
	}
	return nil
}
