package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/olmo"
	"olmotool/internal/human"
	"olmotool/soup"
	"olmotool/soup/recipe"
)

// soupDoc is the JSON document of soup.
type soupDoc struct {
	Schema string `json:"schema"`
	soupOrigin
	Layout   string            `json:"layout"`
	Output   []outputDoc       `json:"output"`
	Digest   string            `json:"digest,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Verified *verifiedDoc      `json:"verified,omitempty"`
	Report   *soup.Diagnostics `json:"report,omitempty"`
	Casts    castsDoc          `json:"casts"`
	Findings []formats.Finding `json:"findings"`
	Seconds  float64           `json:"seconds"`
	PeakRSS  int64             `json:"peak_rss_bytes"`
}

// soupOrigin says what a merged model was made of, and how.
type soupOrigin struct {
	Method       string          `json:"method"`
	Parameters   []paramDoc      `json:"parameters,omitempty"`
	Recipe       string          `json:"recipe,omitempty"` // the text of the file
	Ingredients  []ingredientDoc `json:"ingredients"`
	Base         *ingredientDoc  `json:"base,omitempty"`
	Coefficients []string        `json:"coefficients,omitempty"` // of a linear merge with the same for all tensors
	Search       *searchDoc      `json:"search,omitempty"`       // how they were found
}

type ingredientDoc struct {
	Path   string `json:"path"`
	Layout string `json:"layout"`
	Digest string `json:"digest,omitempty"`
}

func soupJSON(p *pot, report *report, r *convert.Result) soupDoc {
	c := convertJSON(r)
	return soupDoc{
		Schema: "olmotool.soup/1", soupOrigin: p.origin(recipe.Ref.String), Layout: c.Layout, Output: append([]outputDoc{}, c.Output...), Report: report.soup, Digest: c.Digest,
		DryRun: c.DryRun, Verified: c.Verified, Casts: c.Casts, Findings: c.Findings, Seconds: c.Seconds, PeakRSS: c.PeakRSS,
	}
}

// originOf is what provenance keeps: nothing of it depends on where the models
// lie.
func originOf(p *pot) soupOrigin {
	return p.origin(func(r recipe.Ref) string {
		if path, err := r.Path(); err == nil && path == r.Name {
			return filepath.Base(r.Name)
		}
		return r.String()
	})
}

func (p *pot) origin(name func(recipe.Ref) string) soupOrigin {
	o := soupOrigin{Method: p.method.Name, Parameters: p.params, Search: p.search}
	if p.file != nil {
		o.Recipe = string(p.file.Text)
	}
	for i, r := range p.all() {
		d := ingredientDoc{Path: name(r), Layout: p.inputs[i].Layout}
		if p.digests != nil {
			d.Digest = p.digests[i]
		}
		if i == len(p.names) {
			o.Base = &d
		} else {
			o.Ingredients = append(o.Ingredients, d)
		}
	}
	o.Coefficients = ratTexts(p.merged.Coefficients)
	return o
}

// soupText tells what was written, or would be.
func soupText(report *report, r *convert.Result) func(w io.Writer) error {
	return func(w io.Writer) error {
		report.text(w)
		if len(r.Output) > 0 {
			return outputText(r)(w)
		}
		_, err := fmt.Fprintf(w, "%.2f s, peak memory %s\n", r.Seconds, human.Bytes(peakRSS()))
		return err
	}
}

// text tells what is merged, before it is.
func (p *pot) text(w io.Writer) error {
	t := table{columns: []column{{name: "MODEL"}, {name: "WHAT"}}}
	if p.merged.Coefficients != nil {
		t.columns = append(t.columns, column{name: "COEFFICIENT", right: true})
	}
	for i, r := range p.all() {
		what := sideText(p.inputs[i].Side(), 0)
		if i == len(p.names) {
			what += ", base"
		}
		c := ""
		if p.merged.Coefficients != nil && i < len(p.names) {
			c = p.merged.Coefficients[i].RatString()
		}
		t.add(r.String(), what, c)
	}
	models := "1 model"
	if n := len(p.names); n > 1 {
		models = human.Count(int64(n)) + " models"
	}
	fmt.Fprintf(w, "%s merge of %s\n\n", p.method.Name, models)
	if err := t.write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// digest computes the digest of an input, once.
func (p *pot) digest(ctx context.Context, i int, o *convert.Options) (string, error) {
	if d, ok := p.hashed[i]; ok {
		return d, nil
	}
	in := p.inputs[i]
	var total int64
	for _, t := range in.Model.Tensors {
		total += t.Bytes()
	}
	r, err := digest.Of(ctx, in.Model.Tensors, digest.Options{Threads: o.Threads, Tied: olmo.Tied(), Progress: o.Progress("hashing "+filepath.Base(in.Path), total)})
	if err != nil {
		return "", fmt.Errorf("%s: %w", in.Path, err)
	}
	if p.hashed == nil {
		p.hashed = map[int]string{}
	}
	p.hashed[i] = r.Model
	return r.Model, nil
}
