package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"olmotool/soup"
	"olmotool/soup/words"
)

// maxMatrixText is how many models a matrix is printed of: more columns are wider
// than a terminal.
const maxMatrixText = 16

// reportText prints the diagnostics of a soup.
func reportText(to io.Writer, d *soup.Diagnostics) error {
	w := bufio.NewWriter(to) // keeps the first error for Flush
	fmt.Fprintf(w, "soup report: %s\n", words.Title(d))
	fmt.Fprintf(w, "%s\n", words.Summary(d))
	for _, f := range d.Findings {
		fmt.Fprintf(w, "%s: %s: %s\n", f.Severity, shorten(printable(f.Where), maxCell), printable(f.Message))
	}
	if n := len(d.Partial); n > 0 {
		fmt.Fprintf(w, "left out, because not all models have them: %d tensors\n", n)
	}
	fmt.Fprintf(w, "\n")
	if err := wordsTable(w, words.Models(d)); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n", words.ModelsNote(d))
	for _, m := range words.Matrices(d) {
		fmt.Fprintf(w, "\n%s. %s\n", m.Name, m.Note)
		if len(m.Values) > maxMatrixText {
			fmt.Fprintf(w, "of %d models: in the report as JSON or HTML\n", len(m.Values))
			continue
		}
		t := table{columns: []column{{name: "NO.", right: true}}}
		for i, row := range m.Values {
			t.columns = append(t.columns, column{name: strconv.Itoa(i + 1), right: true})
			cells := []string{strconv.Itoa(i + 1)}
			for _, v := range row {
				cells = append(cells, m.Text(v))
			}
			t.rows = append(t.rows, cells)
		}
		if err := t.write(w); err != nil {
			return err
		}
	}
	for _, t := range []words.Table{words.Layers(d), words.Modules(d), words.Worst(d)} {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n")
		if err := wordsTable(w, t); err != nil {
			return err
		}
	}
	return w.Flush()
}

// wordsTable prints a table of package words.
func wordsTable(w io.Writer, x words.Table) error {
	var t table
	for _, c := range x.Columns {
		t.columns = append(t.columns, column{strings.ToUpper(c.Name), c.Number})
	}
	for _, r := range x.Rows {
		t.add(r.Cells...)
	}
	if err := t.write(w); err != nil {
		return err
	}
	if x.More > 0 {
		fmt.Fprintf(w, "%d more are in the report as JSON\n", x.More)
	}
	return nil
}
