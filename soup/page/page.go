// Package page writes the diagnostics of a soup as one HTML page, see package
// htmlpage. Findings come first, then how the models lie to each other, then
// where in the model that is so.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"olmotool/internal/htmlpage"
	"olmotool/internal/human"
	"olmotool/soup"
	"olmotool/soup/words"
)

//go:embed page.html
var source string

var tmpl = htmlpage.Parse(source, template.FuncMap{
	"count":   human.Count,
	"summary": words.Summary,
	"models":  words.Models,
	"modules": words.Modules,
	"layers":  words.Layers,
	"worst":   words.Worst,
	"note":    words.ModelsNote,
})

// Write writes the page.
func Write(w io.Writer, d *soup.Diagnostics, a htmlpage.About) error {
	return tmpl.Write(w, view{Diagnostics: d, About: a})
}

// view is what the template sees.
type view struct {
	*soup.Diagnostics
	About htmlpage.About
}

// Title is that of the window and the page.
func (v view) Title() string { return "Soup report: " + words.Title(v.Diagnostics) }

// Tiles are the numbers to be seen first.
func (v view) Tiles() (ts []htmlpage.Tile) {
	add := func(name, value, note string) {
		ts = append(ts, htmlpage.Tile{Name: name, Value: value, Note: note, OK: true})
	}
	f := v.Matrices
	if len(v.Models) > 1 {
		add("dispersion", words.Percent(f.Dispersion), "RMS distance from the mean, of its length")
		add("shrinkage", words.Number(f.Shrinkage), "length of the mean over that of the models")
		add("least cosine", words.Cosine(words.Least(f)), "between two models")
	}
	if r := f.Rounding; r != nil {
		add("rounded", words.Percent(r.Changed), "of the elements are changed by rounding")
		if len(v.Models) > 1 {
			add("rounding error", words.Percent(r.OfSpread), "of the dispersion")
		}
		add("rounding error", words.Percent(r.OfResult), "of the length of the soup")
	}
	return ts
}

// Map is a table of colours, and what it is.
type Map struct {
	Name, Note string
	Heat       htmlpage.Heat
}

// Maps are how the models lie to each other.
func (v view) Maps() (maps []Map) {
	var names []string
	for i := range v.Models {
		names = append(names, strconv.Itoa(i+1))
	}
	pair := func(i, j int) string { return fmt.Sprintf("%s and %s", v.Models[i], v.Models[j]) }
	for _, m := range words.Matrices(v.Diagnostics) {
		maps = append(maps, Map{m.Name, m.Note, htmlpage.NewHeat(names, m.Values, m.Most, m.Text, pair)})
	}
	return maps
}
