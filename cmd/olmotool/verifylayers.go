package main

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/words"
)

// shownLayers is how many layers are printed; of more, those in the middle that
// are as they should be are left out.
const shownLayers = 40

// forward prints what the forward passes showed.
func (p *printer) forward(r *verify.Report) {
	f := r.Forward
	p.line("\nforward pass: %s, %s in %s (%s), rule %s", f.Arithmetic, human.Plural(f.Tokens, "token"), human.Plural(f.Sequences, "sequence"), printable(f.Input), r.Rule)
	if d := f.FirstDivergence; d != nil {
		p.line("\nfirst divergence: %s: %s", words.Place(*d, f.LayersRun), words.Amount(*d))
		if d.Hypothesis != "" && !slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.HasSuffix(s, d.Hypothesis) }) {
			p.line("  %s", printable(d.Hypothesis))
		}
		t := table{columns: []column{{name: "SITE"}, {name: "RELRMS", right: true}, {name: "LIMIT", right: true}, {}}}
		for _, s := range f.Sites {
			t.add(s.Site, human.Number(s.RelRMS), words.Limit(s.Limit), mark(s.OK))
		}
		if len(t.rows) > 0 {
			p.line("")
		}
		p.table(t)
	}
	if len(f.Layers) > 0 {
		p.line("")
		p.table(layersTable(f.Layers))
	}
	if len(f.Checks) > 0 {
		t := table{columns: []column{{name: "CHECK"}, {name: "METRIC"}, {name: "FOUND", right: true}, {name: "LIMIT", right: true}, {}}}
		for _, c := range f.Checks {
			t.add(c.Rule, c.Metric, human.Number(c.Value), words.Limit(c.Limit), mark(c.OK))
		}
		p.line("")
		p.table(t)
	}
	if f.Metrics != nil {
		p.logits(f)
	}
}

// logits prints the metrics of the logits, side by side where there are several:
// of cand against ref, against ref in cand's types, and of that against ref.
func (p *printer) logits(f *verify.Forward) {
	if m := f.Metrics; words.EqualLogits(f) {
		p.line("\nlogits: all %s × %s are equal", human.Count(int64(m.Positions)), human.Count(int64(m.Vocab)))
		return
	}
	t := table{columns: []column{{name: "LOGITS"}, {name: "FOUND", right: true}, {}}}
	if f.Expected != nil {
		t.columns = slices.Insert(t.columns, 2, column{name: "EXPECTED", right: true}, column{name: "COST OF TYPES", right: true})
	}
	for _, r := range words.Logits(f) {
		cells := []string{r.Name, r.Value, r.Note}
		if f.Expected != nil {
			cells = slices.Insert(cells, 2, r.Expected, r.Cost)
		}
		t.add(cells...)
	}
	p.line("")
	p.table(t)
}

// layersTable lists the layers; where there are many, those in the middle that
// are within their limit are left out.
func layersTable(ls []verify.Layer) table {
	t := table{columns: []column{
		{name: "LAYER", right: true},
		{name: "ALONE", right: true},
		{name: "LIMIT", right: true},
		{name: "WORST TOKEN", right: true},
		{name: "AT SEQ, POS", right: true},
		{name: "END TO END", right: true},
		{},
	}}
	floor := slices.ContainsFunc(ls, func(l verify.Layer) bool { return l.Floor != nil })
	if floor {
		t.columns = slices.Insert(t.columns, 3, column{name: "FLOOR", right: true})
	}
	const edge = shownLayers / 4
	skipped := 0
	for i, l := range ls {
		if len(ls) > shownLayers && l.OK && i >= edge && i < len(ls)-edge {
			skipped++
			continue
		}
		if skipped > 0 {
			t.add(append([]string{"…", fmt.Sprintf("%d fine", skipped)}, make([]string, len(t.columns)-2)...)...)
			skipped = 0
		}
		cells := []string{
			fmt.Sprint(l.Layer), words.Alone(l, l.Local), words.Limit(l.Limit),
			words.Alone(l, l.WorstToken), at(l), human.Number(l.EndToEnd), mark(l.OK),
		}
		if floor {
			f := ""
			if l.Floor != nil {
				f = human.Number(*l.Floor)
			}
			cells = slices.Insert(cells, 3, f)
		}
		t.add(cells...)
	}
	return t
}

// at says where the worst token of a layer is.
func at(l verify.Layer) string {
	if words.Alone(l, 0) == "" {
		return ""
	}
	return fmt.Sprintf("%d, %d", l.WorstSequence, l.WorstPosition)
}

// selfTest prints which faults were found.
func (p *printer) selfTest(s *verify.SelfTestReport) {
	t := table{columns: []column{
		{name: "FAULT"},
		{name: "LAYER", right: true},
		{name: "CAUGHT"},
		{name: "BY"},
		{name: "LOCATED"},
		{name: "MARGIN", right: true},
		{name: "NMSE OF LOGITS", right: true},
		{name: "DIAGNOSIS"},
	}}
	caught, none := 0, 0
	for _, f := range s.Faults {
		var by []string
		if f.ByWeights {
			by = append(by, "weights")
		}
		if f.ByForward {
			by = append(by, "forward")
		}
		located := "no"
		if f.Located {
			located = "yes"
		}
		how := "yes"
		switch {
		case f.NoEffect:
			how = "no effect"
			none++
		case f.Caught:
			caught++
		default:
			how = "MISSED"
		}
		t.add(f.Name, fmt.Sprint(f.Layer), how, strings.Join(by, ", "), located, human.Number(f.Margin), human.Number(f.EndToEndNMSE), f.Diagnosis)
	}
	p.line("\nself-test: %d of %s caught", caught, human.Plural(len(s.Faults)-none, "injected fault"))
	p.table(t)
}

// mark says whether something is as it should be.
func mark(ok bool) string {
	if ok {
		return "ok"
	}
	return "BEYOND"
}
