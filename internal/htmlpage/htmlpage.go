// Package htmlpage is what the pages of reports have in common: one file that
// needs nothing beside it, no network, no script, no font, and is read on paper,
// on a small screen, in the dark and by a screen reader.
//
// A page is a template for [Parse] that begins with the template "head" and has
// these others at hand: "tiles" of a []Tile, "findings" of a []formats.Finding,
// "heat" of a [Heat], "numbers" of a []float64, "ok" of a bool, "provenance" and
// "foot" of an [About]. Its data has a Title and an About.
package htmlpage

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"olmotool/internal/human"
)

// About is what a report does not know of itself.
type About struct {
	Command string // as it was given
	Version string // of the tool
	Facts   []Fact // further lines on where the numbers come from
}

// Fact is a line of the table of provenance.
type Fact struct{ Name, Value string }

// Tile is a number in large type.
type Tile struct {
	Name, Value, Note string
	OK                bool
}

var (
	//go:embed style.css
	style string
	//go:embed parts.html
	parts string

	common = template.Must(template.New("parts").Funcs(template.FuncMap{
		"num":    human.Number,
		"plural": human.Plural,
	}).Parse(strings.Replace(parts, "STYLE", style, 1)))
)

// Page is a template.
type Page struct{ t *template.Template }

// Parse reads a template, which has the functions num and plural of package human
// besides its own. It panics if the template is wrong: it is part of the program.
func Parse(source string, funcs template.FuncMap) Page {
	return Page{template.Must(template.Must(common.Clone()).New("page").Funcs(funcs).Parse(source))}
}

// Write writes the page. Names that came from files take nothing over: markup is
// text, and what is not visible is written as in Go.
func (p Page) Write(w io.Writer, data any) error {
	var b strings.Builder
	if err := p.t.Execute(&b, data); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, human.Printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}
