package main

import (
	"fmt"
	"io"

	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/weights"
	"olmotool/verify/words"
)

// shownFailures is how many of the things that are wrong are printed: a few tell
// the story, JSON and the page have them all.
const shownFailures = 12

// verifyText prints a report for a person: the verdict, then what it rests on,
// the most telling first.
func verifyText(r *verify.Report, seconds float64) func(w io.Writer) error {
	return func(w io.Writer) error {
		p := printer{w: w}
		p.line("%s %s", map[bool]string{true: "✓", false: "✗"}[r.Accepted], printable(r.Verdict))
		p.list("", words.Further(r))
		sides := table{columns: []column{{}, {}}}
		sides.add("ref", r.Ref.Path+" ("+words.Side(r.Ref)+")")
		if r.SelfTest == nil {
			sides.add("cand", r.Cand.Path+" ("+words.Side(r.Cand)+")")
		}
		p.line("")
		p.table(sides)
		switch {
		case r.SelfTest != nil:
			p.selfTest(r.SelfTest)
		default:
			p.levels(r)
		}
		p.list("not checked:", r.NotChecked)
		p.line("\n%s; %.2f s, peak memory %s", map[bool]string{true: "accepted", false: "not accepted"}[r.Accepted], seconds, human.Bytes(peakRSS()))
		return p.err
	}
}

// levels prints what each level of a comparison showed.
func (p *printer) levels(r *verify.Report) {
	if r.Weights != nil {
		p.weights(r.Weights)
	}
	if r.Forward != nil {
		p.forward(r)
	}
	if r.NotRun != "" {
		p.line("\nforward pass: not run, %s", printable(r.NotRun))
	}
	if t := r.Text; t != nil {
		p.line("\ntext: %s scored of %s, in %s of %d", human.Plural(t.Scored, "token"), human.Plural(t.Tokens, "token"), human.Plural(t.Pieces, "piece"), t.Context)
		p.rows(words.Text(t))
	}
}

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) table(t table) {
	if p.err == nil && len(t.rows) > 0 {
		p.err = t.write(p.w)
	}
}

// list prints a few lines under a title, if it has one.
func (p *printer) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	if title != "" {
		p.line("\n%s", title)
	}
	for _, s := range items[:min(len(items), shownFailures)] {
		p.line("  %s", shorten(printable(s), maxCell))
	}
	if more := len(items) - shownFailures; more > 0 {
		p.line("  and %s more", human.Count(int64(more)))
	}
}

func (p *printer) rows(rows []words.Row) {
	t := table{columns: []column{{}, {right: true}, {}}}
	for _, r := range rows {
		t.add("  "+r.Name, r.Value, r.Note)
	}
	p.table(t)
}

// weights prints the comparison of weights, less what the reasons have said.
func (p *printer) weights(r *weights.Report) {
	p.line("\nweights: %s", words.Weights(r))
	if len(r.Failures) > 0 {
		t := table{columns: []column{{name: "TENSOR"}, {name: "RULE"}, {name: "CHANGED", right: true}, {name: "RELRMS", right: true}, {name: "WHAT IS WRONG"}}}
		for _, f := range r.Failures[:min(len(r.Failures), shownFailures)] {
			relRMS := ""
			if f.Measured {
				relRMS = human.Number(f.RelRMS)
			}
			t.add(f.Name, f.Rule, human.Count(f.Changed), relRMS, f.Diagnosis)
		}
		p.line("")
		p.table(t)
		if more := len(r.Failures) - shownFailures; more > 0 || r.MoreFailures > 0 {
			p.line("and %s", human.Plural(max(0, more)+r.MoreFailures, "more tensor"))
		}
	}
	p.list("only in ref:", r.Missing)
	p.list("only in cand:", r.Extra)
	var odd []string
	for _, n := range r.NonFinite {
		odd = append(odd, fmt.Sprintf("%s (%s): %s NaN, %s infinite, the first at %v", n.Name, n.Side, human.Count(n.NaN), human.Count(n.Inf), n.First))
	}
	p.list("no numbers:", odd)
	p.list("notes:", r.Notes)
}
