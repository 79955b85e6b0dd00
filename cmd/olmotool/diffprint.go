package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"olmotool/inspect/diff"
	"olmotool/internal/human"
)

// diffText prints a report for a person: the verdict, what differs, the worst
// first, and at last what makes no difference.
func diffText(r *diff.Report, limit int) func(w io.Writer) error {
	return func(w io.Writer) error {
		p := &diffPrinter{printer{w: w}, limit}
		if r.Equal {
			p.line("equal: %s tensors, %s compared", human.Count(int64(r.Tensors)), human.Bytes(r.Bytes))
		} else {
			p.line("differs: %s", diffWords(r))
		}
		p.line("")
		about := table{columns: []column{{}, {}}}
		about.add("A", r.A.Path+" ("+r.A.Layout+")")
		about.add("B", r.B.Path+" ("+r.B.Layout+")")
		about.add("tensors", fmt.Sprintf("%s on both sides, %s equal", human.Count(int64(r.Tensors)), human.Count(int64(r.Identical))))
		p.table(about)
		p.tensors(r.Changed)
		p.layers(r.Layers)
		p.some("only in A:", r.OnlyA)
		p.some("only in B:", r.OnlyB)
		p.changes("CONFIG", r.ConfigChanges)
		p.some("tokenizer:", r.TokenizerChanges)
		p.changes("GENERATION", r.GenerationChanges)
		p.changes("METADATA", r.MetadataChanges)
		p.some("notes:", r.Notes)
		return p.err
	}
}

type diffPrinter struct {
	printer
	limit int // 0: none
}

// shown is how many of n rows are printed.
func (p *diffPrinter) shown(n int) int {
	if p.limit == 0 {
		return n
	}
	return min(n, p.limit)
}

// rest says how many of n rows are not printed.
func (p *diffPrinter) rest(n int) {
	if more := n - p.shown(n); more > 0 {
		p.line("  and %s more", human.Count(int64(more)))
	}
}

// some prints lines under a title.
func (p *diffPrinter) some(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.line("\n%s", title)
	for _, s := range lines[:p.shown(len(lines))] {
		p.line("  %s", shorten(printable(s), maxCell))
	}
	p.rest(len(lines))
}

func (p *diffPrinter) changes(title string, changes []diff.Change) {
	if len(changes) == 0 {
		return
	}
	p.line("")
	t := table{columns: []column{{name: title}, {name: "A"}, {name: "B"}}}
	for _, x := range changes[:p.shown(len(changes))] {
		t.add(x.Field, x.A, x.B)
	}
	p.table(t)
	p.rest(len(changes))
}

// tensors prints what differs, a row for each, and what is first in it.
func (p *diffPrinter) tensors(ts []diff.Tensor) {
	if len(ts) == 0 {
		return
	}
	p.line("")
	t := table{columns: []column{{name: "TENSOR"}, {name: "KIND"}}}
	for _, name := range []string{"CHANGED", "MAX ABS", "MEAN ABS", "REL L2", "1-COSINE", "ULP"} {
		t.columns = append(t.columns, column{name: name, right: true})
	}
	t.columns = append(t.columns, column{name: "WHAT IS FIRST"})
	for _, x := range ts[:p.shown(len(ts))] {
		row := []string{x.Name, x.Kind, "", "", "", "", "", "", tensorNote(x)}
		if x.ElementsChanged != nil {
			row[2] = human.Count(*x.ElementsChanged)
		}
		if x.MaxAbs != nil {
			row[3], row[4], row[5], row[6] = human.Number(*x.MaxAbs), human.Number(*x.MeanAbs), human.Number(*x.RelL2), human.Number(1-*x.Cosine)
		}
		if n := len(x.ULP); n > 0 {
			row[7] = ulpClass(n - 1)
		}
		t.add(row...)
	}
	p.table(t)
	p.rest(len(ts))
}

// ulpClass names a class of the histogram.
func ulpClass(k int) string {
	if k < 2 {
		return fmt.Sprint(k)
	}
	if k < 10 {
		return fmt.Sprintf("%d–%d", 1<<(k-1), 1<<k-1)
	}
	return fmt.Sprintf("≥2^%d", k-1)
}

// tensorNote is what the figures do not say of a tensor.
func tensorNote(x diff.Tensor) string {
	var said []string
	switch {
	case x.Kind == diff.Shape:
		said = append(said, fmt.Sprintf("%v and %v", x.AShape, x.BShape))
	case x.ADType != x.BDType:
		said = append(said, x.ADType+" and "+x.BDType)
	}
	if x.First != nil {
		said = append(said, fmt.Sprintf("%v: %s and %s", x.First, x.AValue, x.BValue))
	}
	if a, b := [2]int64{x.ANaN, x.AInf}, [2]int64{x.BNaN, x.BInf}; a != b {
		said = append(said, fmt.Sprintf("%d and %d NaN, %d and %d infinite", a[0], b[0], a[1], b[1]))
	}
	if x.Note != "" {
		said = append(said, x.Note)
	}
	return strings.Join(said, "; ")
}

// layers prints the sums by layer, if there is more than one that changed.
func (p *diffPrinter) layers(all []diff.Layer) {
	ls := slices.DeleteFunc(slices.Clone(all), func(l diff.Layer) bool { return l.Changed == 0 })
	if len(ls) < 2 {
		return
	}
	p.line("")
	t := table{columns: []column{{name: "LAYER", right: true}, {name: "TENSORS", right: true}, {name: "ELEMENTS", right: true}, {name: "MAX ABS", right: true}, {name: "REL L2", right: true}}}
	for _, l := range ls {
		name := "–"
		if l.Layer >= 0 {
			name = fmt.Sprint(l.Layer)
		}
		t.add(name, fmt.Sprintf("%d of %d", l.Changed, l.Tensors), human.Count(l.ElementsChanged), human.Number(l.MaxAbs), human.Number(l.RelL2))
	}
	p.table(t)
}
