package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/inspect/values"
)

const (
	// shownValues is how many values text has in full; of more it has the edges of
	// each dimension, shownEdge on either side.
	shownValues = 1000
	shownEdge   = 4

	// shownSuggestions is how many names are told to someone who got one wrong.
	shownSuggestions = 3
)

// valuesDoc is a part of a tensor.
type valuesDoc struct {
	Name       string         `json:"name"`
	SourceName string         `json:"source_name"`
	DType      string         `json:"dtype"`
	Shape      []int64        `json:"shape"` // of the tensor
	Index      string         `json:"index"`
	Selected   []int64        `json:"selected"` // the shape of what the index selects
	Values     *values.Values `json:"values"`   // nested arrays
}

// readValues reads what an argument like 'NAME[0:4,::2]' asks for. NAME is one that
// is stored, or a canonical one, of which the tensor is canonical too. If there is
// more than a person looks at, short has the edges only.
func readValues(ctx context.Context, src *olmo.Source, arg string, short bool) (*valuesDoc, error) {
	// A name that has brackets itself needs no index.
	t, err := tensorNamed(src, arg)
	var x values.Index
	if err != nil {
		var name string
		if name, x, err = values.Parse(arg); err != nil {
			return nil, usageError("--values: %w", err)
		}
		if t, err = tensorNamed(src, name); err != nil {
			return nil, err
		}
	}
	s, err := x.Select(t.Shape)
	if err != nil {
		return nil, usageError("--values: %w", err)
	}
	d := &valuesDoc{
		Name: t.Name, SourceName: t.Origin.Name, DType: t.DType.String(), Shape: append([]int64{}, t.Shape...),
		Index: x.String(), Selected: s.Shape(),
	}
	if short && s.Elements() > shownValues {
		s = s.Shortened(shownEdge)
	}
	d.Values, err = values.Read(ctx, t, s)
	return d, err
}

// tensorNamed returns the tensor that is stored by a name, or else the canonical
// tensor of that name.
func tensorNamed(src *olmo.Source, name string) (formats.Tensor, error) {
	named := func(t formats.Tensor) bool { return t.Origin.Name == name || t.Name == name }
	if i := slices.IndexFunc(src.Tensors, named); i >= 0 {
		return src.Tensors[i], nil
	}
	names := make([]string, 0, len(src.Tensors))
	if m, err := src.Model(); err == nil {
		for _, t := range m.Tensors {
			if t.Name == name {
				return t, nil
			}
			names = append(names, t.Name)
		}
	}
	for _, t := range src.Tensors {
		names = append(names, t.Origin.Name)
	}
	return formats.Tensor{}, formats.Errorf(src.Path, "--values", "found no tensor %.120q%s", name, suggestions(name, names))
}

// suggestions names some that contain the name that was not found.
func suggestions(name string, names []string) string {
	var like []string
	for _, n := range names {
		if name != "" && strings.Contains(n, name) && len(like) < shownSuggestions && !slices.Contains(like, n) {
			like = append(like, n)
		}
	}
	if like == nil {
		return ", expected one of those that --tensors lists"
	}
	for i, n := range like {
		like[i] = fmt.Sprintf("%.120q", n)
	}
	return ", expected one like " + strings.Join(like, ", ")
}

// text prints the values as matrices, with the indices of rows and columns.
func (d *valuesDoc) text(w io.Writer) error {
	fmt.Fprintf(w, "%s[%s] of %s %v\n\n", printable(shorten(d.Name, maxCell)), d.Index, d.DType, d.Shape)
	v := d.Values
	if len(v.Text) == 0 {
		_, err := fmt.Fprintf(w, "nothing: the shape is %v\n", d.Selected)
		return err
	}
	lead := max(0, len(v.Shape)-2)
	rows, cols := []int64{-1}, []int64{-1}
	rowGap, colGap := int64(-1), int64(-1)
	switch len(v.Shape) - lead {
	case 2:
		rows, rowGap = v.Places[lead], v.Gaps[lead]
		cols, colGap = v.Places[lead+1], v.Gaps[lead+1]
	case 1: // one below the other
		rows, rowGap = v.Places[0], v.Gaps[0]
	}
	size := len(rows) * len(cols)
	for i := 0; i < len(v.Text); i += size {
		if lead > 0 {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, matrixOf(v, lead, i/size))
		}
		m := matrix{rows: rows, cols: cols, rowGap: rowGap, colGap: colGap, text: v.Text[i : i+size]}
		if err := m.write(w); err != nil {
			return err
		}
	}
	return nil
}

// matrixOf writes the index of matrix i of a stack.
func matrixOf(v *values.Values, lead, i int) string {
	at := make([]string, lead)
	for d := lead - 1; d >= 0; d-- {
		n := len(v.Places[d])
		at[d] = fmt.Sprint(v.Places[d][i%n])
		i /= n
	}
	return "[" + strings.Join(at, ", ") + ", :, :]"
}

// matrix is numbers under the indices of columns and beside those of rows; an
// index of -1 is none.
type matrix struct {
	rows, cols     []int64
	rowGap, colGap int64 // before which line something was left out; -1 if nothing was
	text           []string
}

func (m *matrix) write(w io.Writer) error {
	lines := make([]strings.Builder, len(m.rows)+1)
	pad := func(k int, s string, width int) {
		lines[k].WriteString(strings.Repeat(" ", width-utf8.RuneCountInString(s)) + s)
	}
	if m.rows[0] >= 0 {
		width := len(fmt.Sprint(slices.Max(m.rows)))
		pad(0, "", width)
		for r, i := range m.rows {
			pad(r+1, fmt.Sprint(i), width)
		}
	}
	for c, i := range m.cols {
		if int64(c) == m.colGap {
			for k := range lines {
				pad(k, "…", 3)
			}
		}
		head := ""
		if i >= 0 {
			head = fmt.Sprint(i)
		}
		// Numbers stand with their points one below the other.
		left, right := 0, 0
		for r := range m.rows {
			a, b := atPoint(m.text[r*len(m.cols)+c])
			left, right = max(left, len(a)), max(right, len(b))
		}
		left = max(left, len(head)-right)
		pad(0, head, 2+left+right)
		for r := range m.rows {
			a, b := atPoint(m.text[r*len(m.cols)+c])
			pad(r+1, a, 2+left)
			lines[r+1].WriteString(b + strings.Repeat(" ", right-len(b)))
		}
	}
	for k := range lines {
		line := strings.TrimRight(lines[k].String(), " ")
		if k == 0 && line == "" {
			continue
		}
		if k > 0 && int64(k-1) == m.rowGap {
			fmt.Fprintln(w, "…")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// atPoint cuts a number before its point, or its exponent if it has none.
func atPoint(s string) (whole, rest string) {
	if i := strings.IndexAny(s, ".e"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}
