// Package page writes what is known of a checkpoint as one HTML page, see package
// htmlpage: what is odd comes first, then what the model is made of, then maps of
// its layers and modules in colours, and the tree of its tensors. A click on a
// tensor, in a map or in the tree, shows its histogram.
//
// There is no script in the page: maps are switched by radio buttons, and what a
// click shows are popovers of HTML, which the page has for each tensor.
//
//	page.go       the page: headline and numbers in large type
//	facts.go      tables of types, modules, memory, files and findings
//	maps.go       layers and modules in colours
//	tree.go       the tree of names
//	card.go       what a click on a tensor shows
//	histogram.go  counts as a shape
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"olmotool/formats"
	"olmotool/inspect"
	"olmotool/inspect/rounding"
	"olmotool/inspect/stats"
	"olmotool/internal/htmlpage"
	"olmotool/internal/human"
)

// Model is what a page shows.
type Model struct {
	Report *inspect.Report
	Facts  []htmlpage.Fact // what is said in words; one without a name goes on with the fact before
	Keys   []Key           // of a GGUF
	// Tensors are those in maps and tree.
	Tensors []Tensor
}

// Key is a key-value in words.
type Key struct{ Name, Type, Value string }

// Tensor is a tensor under the name that the page shows.
type Tensor struct {
	Name   string
	Tensor formats.Tensor
	Stats  *stats.Stats   // nil if it was not measured
	Loss   *rounding.Loss // nil if it is not known
}

const (
	// maxCards is how many tensors can be clicked: each takes 2 kB, and the largest
	// model has some 700. maxRows is how many are in the tree.
	maxCards, maxRows = 2048, 20_000
	// maxName is how many bytes of a name are shown: real ones have less, and 64 KiB
	// are allowed in some formats.
	maxName = 160
	// maxLayers and maxModules bound a map: the largest model has 64 and 11; models
	// of experts have hundreds of modules.
	maxLayers, maxModules = 256, 32
	// maxListed bounds tables of files; findings have a bound for each code.
	maxListed, maxOfCode = 200, 12
)

//go:embed page.html
var source string

var tmpl = htmlpage.Parse(source, template.FuncMap{
	"count":   human.Count,
	"bytes":   human.Bytes,
	"percent": percent,
	"short":   short,
	"base":    base,
})

// Write writes the page.
func Write(w io.Writer, m Model, a htmlpage.About) error {
	v := &view{Report: m.Report, Model: m, About: a}
	v.arrange()
	return tmpl.Write(w, v)
}

// view is what the template sees.
type view struct {
	*inspect.Report
	Model Model
	About htmlpage.About
	Cards []*card
	Maps  []layerMap
	Level []string // names of maps of which all is zero
	Tree  *node
	cards []*card // by tensor, nil beyond maxCards
}

func (v *view) arrange() {
	v.cards = make([]*card, len(v.Model.Tensors))
	for i, t := range v.Model.Tensors[:min(len(v.Model.Tensors), maxCards)] {
		c := newCard(i, t)
		v.Cards, v.cards[i] = append(v.Cards, c), c
	}
	v.makeMaps()
	v.Tree = newTree(v.Model.Tensors, v.cards)
}

// Title is that of the window.
func (v *view) Title() string { return v.Headline() + ": " + v.Path }

// Headline says what it is.
func (v *view) Headline() string {
	switch {
	case v.ShapeOf != "":
		return "a model of the shape of " + v.ShapeOf
	case v.Architecture != "":
		return "a model of the kind " + short(v.Architecture)
	}
	return "tensors of no known model"
}

// Measured reports whether there are statistics.
func (v *view) Measured() bool {
	for _, t := range v.Model.Tensors {
		if t.Stats != nil {
			return true
		}
	}
	return false
}

// Tiles are the numbers to be seen first.
func (v *view) Tiles() (ts []htmlpage.Tile) {
	add := func(name, value, format string, args ...any) {
		ts = append(ts, htmlpage.Tile{Name: name, Value: value, Note: fmt.Sprintf(format, args...), OK: true})
	}
	add("parameters", amount(v.Parameters), "%s, in %s", human.Count(v.Parameters), human.Plural(len(v.Tensors), "tensor"))
	if v.NonEmbedding > 0 {
		add("without the embedding", amount(v.NonEmbedding), "parameters that are multiplied for each token")
	}
	where := "in no file"
	if n := len(v.Files); n > 0 {
		where = "in " + human.Plural(n, "file")
	}
	add("size", human.Bytes(v.Bytes), "%s", where)
	if len(v.DTypes) > 0 {
		d := v.DTypes[0]
		note := "of all tensors"
		if len(v.DTypes) > 1 {
			note = percent(part(d.Bytes, v.Bytes)) + " of the bytes"
		}
		add("element type", d.DType.String(), "%s", note)
	}
	if n := len(v.Layers); n > 0 {
		note := "not all of one size"
		if v.SameLayers(int64(n)) {
			note = "each of " + amount(v.Layers[0].Parameters)
		}
		add("layers", human.Count(int64(n)), "%s", note)
	}
	if m := v.Memory; m != nil && len(m.Cache) > 0 {
		c := m.Cache[0]
		for _, x := range m.Cache { // of f16, which comes first, at 4,096 tokens
			if x.Context == 4096 && x.Type == "f16" {
				c = x
			}
		}
		add("memory to run", human.Bytes(saturated(m.Weights, c.Bytes)), "weights, and a cache of %s tokens in %s", human.Count(c.Context), c.Type)
	}
	if v.Measured() {
		ts = append(ts, v.measured()...)
	}
	return ts
}

// measured are the numbers that statistics tell.
func (v *view) measured() []htmlpage.Tile {
	var most float64
	var odd int64
	where := ""
	for _, t := range v.Model.Tensors {
		if s := t.Stats; s != nil {
			odd += s.NaN + s.Inf
			if a := s.AbsMax; a > most {
				most, where = a, t.Name
			}
		}
	}
	return []htmlpage.Tile{
		{Name: "largest magnitude", Value: human.Number(most), Note: short(where), OK: !math.IsInf(most, 0)},
		{Name: "not finite", Value: human.Count(odd), Note: "elements that are NaN or infinite", OK: odd == 0},
	}
}

// amount writes a number with the word for its power of a thousand.
func amount(n int64) string {
	for _, x := range []struct {
		size float64
		word string
	}{{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}} {
		if f := float64(n) / x.size; f >= 0.9995 {
			return fmt.Sprintf("%.4g %s", f, x.word)
		}
	}
	return human.Count(n)
}

func percent(share float64) string {
	if share > 0 && share < 0.001 {
		return "< 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

// part is a share of all; 0 of nothing.
func part(n, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return float64(n) / float64(all)
}

func saturated(a, b int64) int64 {
	if n, err := formats.AddChecked(a, b); err == nil {
		return n
	}
	return math.MaxInt64
}

// short leaves out the middle of a long name.
func short(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName/2], "") + " … " + strings.ToValidUTF8(s[len(s)-maxName/2:], "")
}

// base is the last part of a path on any system.
func base(path string) string { return short(path[strings.LastIndexAny(path, `/\`)+1:]) }
