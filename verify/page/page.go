// Package page writes a report of package verify as one HTML page, see package
// htmlpage; every curve has its numbers in a table below it.
package page

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"olmotool/internal/htmlpage"
	"olmotool/verify"
	"olmotool/verify/words"
)

//go:embed page.html
var source string

var tmpl = htmlpage.Parse(source, template.FuncMap{
	"limit":   words.Limit,
	"alone":   words.Alone,
	"amount":  func(d *verify.Divergence) string { return words.Amount(*d) },
	"strip":   strip,
	"side":    words.Side,
	"logits":  words.Logits,
	"further": words.Further,
	"weights": words.Weights,
	"text":    words.Text,
	"named":   func(name string, items []string) list { return list{name, items} },
})

// list is a list with a name, for the template.
type list struct {
	Name  string
	Items []string
}

// Write writes the page.
func Write(w io.Writer, r *verify.Report, a htmlpage.About) error {
	return tmpl.Write(w, view{Report: r, About: a})
}

// view is what the template sees.
type view struct {
	*verify.Report
	About htmlpage.About
}

// Title is that of the window.
func (v view) Title() string {
	if v.Accepted {
		return "Accepted: " + v.Cand.Path
	}
	return "Not accepted: " + v.Cand.Path
}

// Headline and Ground are the verdict, in two pieces.
func (v view) Headline() string {
	head, _, _ := strings.Cut(v.Verdict, ": ")
	return head
}

// Ground is what the verdict rests on.
func (v view) Ground() string {
	_, ground, _ := strings.Cut(v.Verdict, ": ")
	return ground
}

// EqualLogits reports whether there is nothing to tell of the logits.
func (v view) EqualLogits() bool { return words.EqualLogits(v.Forward) }
