package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/human"
	"olmotool/soup"
)

// checkDoc is the JSON document of soup --check.
type checkDoc struct {
	Schema    string            `json:"schema"`
	Verdict   soup.Verdict      `json:"verdict"`
	Elements  int64             `json:"elements"`
	Ways      []wayDoc          `json:"ways"`
	Best      string            `json:"best"`
	Different int64             `json:"different"`
	Tensors   []checkedDoc      `json:"tensors"`
	Findings  []formats.Finding `json:"findings"`
	Seconds   float64           `json:"seconds"`
	PeakRSS   int64             `json:"peak_rss_bytes"`
}

type wayDoc struct {
	Name  string `json:"name"`
	Doc   string `json:"doc"`
	Wrong int64  `json:"wrong"`
}

type checkedDoc struct {
	Name      string `json:"name"`
	Elements  int64  `json:"elements"`
	Different int64  `json:"different"`
	First     string `json:"first"`
	Want      string `json:"want"`
	Got       string `json:"got"`
}

// runCheck recomputes a published soup.
func (f *soupFlags) runCheck(cmd *cobra.Command, g *global, args []string) error {
	began := time.Now()
	a, err := f.asked(args)
	if err != nil {
		return err
	}
	published, err := refOf(f.check)
	if err != nil {
		return err
	}
	a.names = append(a.names, published)
	p, err := f.open(cmd.Context(), a, convert.Options{From: f.From})
	if err != nil {
		return err
	}
	defer p.close()
	var models []*olmo.Model
	for _, in := range p.inputs {
		models = append(models, in.Model)
	}
	n := len(models) - 1
	o := soup.CheckOptions{Options: soup.Options{Allow: f.allow}, Threads: g.threads}
	if r, _, _ := a.recipe(nil); f.weights != "" || f.schedule != "" {
		for i := range n {
			o.Weights = append(o.Weights, r.Value("weight", "", i))
		}
	}
	var elements int64
	for _, t := range models[n].Tensors {
		elements += t.Elements()
	}
	start, done := g.progress(cmd.ErrOrStderr())
	o.Progress = start("comparing", elements)
	r, err := soup.Check(cmd.Context(), models[n], models[:n], o)
	done()
	for _, in := range p.inputs {
		if err == nil {
			err = in.CheckSums()
		}
	}
	if err != nil {
		return err
	}
	g.report(r.Findings)
	seconds := time.Since(began).Seconds()
	if err := g.print(cmd, checkJSON(r, seconds), checkText(r, seconds)); err != nil {
		return err
	}
	if r.Verdict == soup.Different {
		return &answer{fmt.Sprintf("not accepted: %s: %s of %s elements are not those of the soup", f.check, human.Count(r.Different), human.Count(r.Elements))}
	}
	return nil
}

func checkJSON(r *soup.CheckReport, seconds float64) checkDoc {
	d := checkDoc{
		Schema: "olmotool.soupcheck/1", Verdict: r.Verdict, Elements: r.Elements, Best: r.Ways[r.Best].Name, Different: r.Different,
		Tensors: []checkedDoc{}, Findings: append([]formats.Finding{}, r.Findings...), Seconds: seconds, PeakRSS: peakRSS(),
	}
	for _, w := range r.Ways {
		d.Ways = append(d.Ways, wayDoc(w))
	}
	for _, t := range r.Tensors {
		d.Tensors = append(d.Tensors, checkedDoc{t.Name, t.Elements, t.Different, t.First, floatText(t.Want), floatText(t.Got)})
	}
	return d
}

// floatText prints a float that may be NaN or infinite, which JSON has no words for.
func floatText(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// verdicts are what is said of a soup.
var verdicts = map[soup.Verdict]string{
	soup.Exact:        "✓ the soup of these models, correctly rounded",
	soup.Reproduced:   "✓ the soup of these models, with the rounding of %s",
	soup.RoundingOnly: "✓ the soup of these models but for rounding, of an unknown kind",
	soup.Different:    "✗ not the soup of these models",
}

func checkText(r *soup.CheckReport, seconds float64) func(w io.Writer) error {
	return func(w io.Writer) error {
		said := verdicts[r.Verdict]
		if r.Verdict == soup.Reproduced {
			said = fmt.Sprintf(said, r.Ways[r.Best].Doc)
		}
		fmt.Fprintf(w, "%s\n\n", said)
		t := table{columns: []column{{name: "WAY"}, {name: "OTHER BITS", right: true}, {name: "WHAT IT IS"}}}
		for _, way := range r.Ways {
			t.add(way.Name, human.Count(way.Wrong), way.Doc)
		}
		if err := t.write(w); err != nil {
			return err
		}
		if len(r.Tensors) > 0 {
			fmt.Fprintln(w)
			t = table{columns: []column{{name: "TENSOR"}, {name: "DIFFERENT", right: true}, {name: "FIRST"}, {name: "EXPECTED", right: true}, {name: "FOUND", right: true}}}
			for _, x := range r.Tensors {
				t.add(x.Name, human.Count(x.Different), x.First, floatText(x.Want), floatText(x.Got))
			}
			if err := t.write(w); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "\n%s elements, %.2f s, peak memory %s\n", human.Count(r.Elements), seconds, human.Bytes(peakRSS()))
		return err
	}
}
