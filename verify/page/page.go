// Package page writes a report of package verify as one HTML page that needs
// nothing beside it: no network, no script, no font, pictures drawn in the text
// itself. It is read on paper, on a small screen, in the dark and by a screen
// reader; every curve has its numbers in a table below it.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/words"
)

// About is what the report does not know of itself.
type About struct {
	Command string // as it was given
	Version string // of the tool
	Facts   []Fact // further lines on where the numbers come from
}

// Fact is a line of the table of provenance.
type Fact struct{ Name, Value string }

//go:embed page.html
var source string

var tmpl = template.Must(template.New("page").Funcs(template.FuncMap{
	"num":     human.Number,
	"limit":   words.Limit,
	"alone":   words.Alone,
	"amount":  func(d *verify.Divergence) string { return words.Amount(*d) },
	"plural":  words.Plural,
	"strip":   strip,
	"side":    words.Side,
	"logits":  words.Logits,
	"further": words.Further,
	"weights": words.Weights,
	"text":    words.Text,
	"named":   func(name string, items []string) list { return list{name, items} },
}).Parse(source))

// list is a list with a name, for the template.
type list struct {
	Name  string
	Items []string
}

// Write writes the page. Names that came from files take nothing over: markup is
// text, and what is not visible is written as in Go.
func Write(w io.Writer, r *verify.Report, a About) error {
	var b strings.Builder
	if err := tmpl.Execute(&b, view{Report: r, About: a}); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, human.Printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// view is what the template sees.
type view struct {
	*verify.Report
	About About
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
