package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// column is one column of a table; a table whose columns have no names has no
// header.
type column struct {
	name  string
	right bool // numbers
}

// table is rows under columns, printed plainly.
type table struct {
	columns []column
	rows    [][]string
}

// maxTableRows is how many rows are laid out; a longer table is printed tab
// after tab, because measuring takes its time.
const maxTableRows = 5000

// add appends a row of cells that may come from a file. Those beyond the columns
// are dropped.
func (t *table) add(cells ...string) {
	row := make([]string, len(t.columns))
	for i := range row {
		row[i] = shorten(printable(cells[i]), maxCell)
	}
	t.rows = append(t.rows, row)
}

func (t *table) write(w io.Writer) error {
	var header []string
	align := make(tw.Alignment, len(t.columns))
	for i, c := range t.columns {
		header = append(header, c.name)
		align[i] = tw.AlignLeft
		if c.right {
			align[i] = tw.AlignRight
		}
	}
	named := strings.Join(header, "") != ""
	if len(t.rows) > maxTableRows {
		for _, r := range append([][]string{header}, t.rows...) {
			if _, err := fmt.Fprintln(w, strings.Join(r, "\t")); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	tb := tablewriter.NewTable(&b,
		tablewriter.WithRendition(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		}),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	if named {
		tb.Header(header)
	}
	if err := tb.Bulk(t.rows); err != nil {
		return err
	}
	if err := tb.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes one document, indented, without HTML escapes.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
