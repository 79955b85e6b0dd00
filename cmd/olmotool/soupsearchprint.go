package main

import (
	"cmp"
	"fmt"
	"io"
	"math/big"
	"path/filepath"
	"strings"

	"olmotool/internal/human"
	"olmotool/soup/search"
)

// searchDoc is a search in a JSON document. Nothing of it depends on where files
// lie, or on what a cache had.
type searchDoc struct {
	Strategy    string          `json:"strategy"`
	Text        string          `json:"text,omitempty"` // its name
	Scorer      string          `json:"scorer"`
	Maximize    bool            `json:"maximize,omitempty"`
	MinDelta    float64         `json:"min_delta"`
	MaxEvals    int             `json:"max_evals,omitempty"`
	Evaluations []evaluationDoc `json:"evaluations"`
	Spent       bool            `json:"spent,omitempty"` // there was more to try
	Chosen      []string        `json:"chosen"`
	Score       float64         `json:"score"`
	Error       float64         `json:"error,omitempty"` // standard error, where it is known
}

type evaluationDoc struct {
	Coefficients []string `json:"coefficients"`
	Score        float64  `json:"score"`
	Error        float64  `json:"error,omitempty"`
	// Better is by how much it was better than the best so far.
	Better      *float64 `json:"better,omitempty"`
	BetterError *float64 `json:"better_error,omitempty"`
	Kept        bool     `json:"kept"`
	Why         string   `json:"why"`
}

func (f *searchFlags) doc(r *search.Result, identity string) *searchDoc {
	d := &searchDoc{
		Strategy: r.Strategy, Scorer: identity, Maximize: f.Maximize, MinDelta: f.MinDelta, MaxEvals: f.MaxEvals, Spent: r.Spent,
	}
	if f.text != "" {
		d.Text = filepath.Base(f.text)
	}
	for _, t := range r.Trials {
		e := evaluationDoc{Coefficients: ratTexts(t.Coefficients), Score: t.Score.Value, Error: t.Score.Error, Kept: t.Kept, Why: t.Why}
		if t.Better != nil {
			e.Better, e.BetterError = &t.Better.Value, &t.Better.Error
		}
		d.Evaluations = append(d.Evaluations, e)
	}
	chosen := d.Evaluations[r.Chosen]
	d.Chosen, d.Score, d.Error = chosen.Coefficients, chosen.Score, chosen.Error
	return d
}

func ratTexts(c []*big.Rat) (texts []string) {
	for _, x := range c {
		texts = append(texts, x.RatString())
	}
	return texts
}

// text tells the steps of the search.
func (d *searchDoc) text(w io.Writer) error {
	if d == nil {
		return nil
	}
	fmt.Fprintf(w, "%s search by %s\n\n", d.Strategy, printable(cmp.Or(d.Text, d.Scorer)))
	t := table{columns: []column{
		{name: "#", right: true}, {name: "COEFFICIENTS"}, {name: "SCORE", right: true}, {name: "BETTER BY", right: true}, {name: "KEPT"}, {name: "WHY"},
	}}
	for i, e := range d.Evaluations {
		better, kept := "", ""
		if e.Better != nil {
			better = withError(human.Number(*e.Better), *e.BetterError)
		}
		if e.Kept {
			kept = "✓"
		}
		t.add(fmt.Sprint(i+1), strings.Join(e.Coefficients, " "), withError(fmt.Sprintf("%.6g", e.Score), e.Error), better, kept, e.Why)
	}
	if err := t.write(w); err != nil {
		return err
	}
	more := ""
	if d.Spent {
		more = "; there was more to try"
	}
	_, err := fmt.Fprintf(w, "\n%s%s\n\n", human.Plural(len(d.Evaluations), "soup"), more)
	return err
}

// withError adds a standard error that is known.
func withError(s string, e float64) string {
	if e == 0 {
		return s
	}
	return s + " ± " + human.Number(e)
}
