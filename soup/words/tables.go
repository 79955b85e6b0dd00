package words

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/human"
	"olmotool/soup"
)

// Table is rows of cells under columns.
type Table struct {
	Columns []Column
	Rows    []Row
	More    int // rows that there are besides
}

// Column is one column; the cells of some are numbers.
type Column struct {
	Name   string
	Number bool
}

// Row is one row; Odd if there is a finding about it.
type Row struct {
	Cells []string
	Odd   bool
}

// Bounds of the tables that grow with the model.
const (
	maxRows  = 200
	maxWorst = 15
)

// Models has a row for each model.
func Models(d *soup.Diagnostics) Table {
	f := d.Matrices
	t := Table{Columns: []Column{{"no.", true}, {"model", false}}}
	columns := []struct {
		name string
		has  bool
		of   func(i int) string
	}{
		{"coefficient", d.Coefficients != nil, func(i int) string { return d.Coefficients[i] }},
		{"length", true, func(i int) string { return Number(f.Norms[i]) }},
		{"from the others", len(d.Models) > 1, func(i int) string { return Percent(f.FromOthers[i] / f.MeanNorm) }},
		{"difference", true, func(i int) string { return Number(f.DeltaNorms[i]) }},
		{"cosine with base", f.BaseCosines != nil, func(i int) string { return Cosine(f.BaseCosines[i]) }},
		{"same in the soup", f.Rounding != nil, func(i int) string { return Percent(f.Rounding.Equal[i]) }},
	}
	for _, c := range columns {
		if c.has {
			t.Columns = append(t.Columns, Column{c.name, true})
		}
	}
	for i, path := range d.Models {
		r := Row{Cells: []string{strconv.Itoa(i + 1), path}, Odd: slices.ContainsFunc(d.Findings, func(f formats.Finding) bool { return f.Where == path })}
		for _, c := range columns {
			if c.has {
				r.Cells = append(r.Cells, c.of(i))
			}
		}
		t.Rows = append(t.Rows, r)
	}
	if d.Base != "" {
		t.Rows = append(t.Rows, Row{Cells: append([]string{"base", d.Base}, make([]string, len(t.Columns)-2)...)})
	}
	return t
}

// ModelsNote says what the columns of [Models] are.
func ModelsNote(d *soup.Diagnostics) string {
	reference := "mean"
	if d.Base != "" {
		reference = "base"
	}
	return fmt.Sprintf("Of all matrices as one vector of %s weights; norms, which are near to 1 in every model, are left out. "+
		"“From the others”: distance from the mean of the others, of the length of the mean. “Difference”: length of the difference from the %s. "+
		"“Same in the soup”: share of the soup's elements that are the model's.", human.Count(d.Matrices.Elements), reference)
}

// Modules has a row for each module.
func Modules(d *soup.Diagnostics) Table {
	return table("module", len(d.Modules), func(i int) (string, soup.Figures) { return d.Modules[i].Module, d.Modules[i].Figures })
}

// Layers has a row for each layer.
func Layers(d *soup.Diagnostics) Table {
	return table("layer", len(d.Layers), func(i int) (string, soup.Figures) {
		return strconv.Itoa(d.Layers[i].Layer), d.Layers[i].Figures
	})
}

// Worst has the tensors in which the models are furthest apart.
func Worst(d *soup.Diagnostics) Table {
	ts := slices.Clone(d.Tensors)
	slices.SortStableFunc(ts, func(a, b soup.TensorFigures) int { return -cmp.Compare(a.Figures.Dispersion, b.Figures.Dispersion) })
	ts = ts[:min(len(ts), maxWorst)]
	return table("tensor", len(ts), func(i int) (string, soup.Figures) { return ts[i].Name, ts[i].Figures })
}

// table has a row of figures for each of n things.
func table(what string, n int, at func(i int) (string, soup.Figures)) Table {
	t := Table{Columns: []Column{{what, false}, {"elements", true}, {"dispersion", true}, {"shrinkage", true}, {"least cosine", true}}, More: max(0, n-maxRows)}
	for i := range min(n, maxRows) {
		name, f := at(i)
		cells := []string{name, human.Count(f.Elements), Percent(f.Dispersion), Number(f.Shrinkage), Cosine(Least(f))}
		if r := f.Rounding; r != nil {
			cells = append(cells, Percent(r.Changed), Percent(r.OfSpread), Percent(r.Equal[0]))
		}
		t.Rows = append(t.Rows, Row{Cells: cells})
	}
	for _, c := range []string{"rounded", "error, of dispersion", "same as in 1"} {
		if len(t.Rows) > 0 && len(t.Columns) < len(t.Rows[0].Cells) {
			t.Columns = append(t.Columns, Column{c, true})
		}
	}
	return t
}

// Matrix is how the models lie to each other, in one regard.
type Matrix struct {
	Name, Note string
	Values     [][]float64
	Text       func(float64) string
	Most       float64 // the largest value that there may be; 0 if there is no limit
}

// Matrices are what there is to say of each two models; nothing of one.
func Matrices(d *soup.Diagnostics) []Matrix {
	n := len(d.Models)
	if n < 2 {
		return nil
	}
	f := d.Matrices
	apart := make([][]float64, n)
	for i := range apart {
		for _, x := range f.Distances[i] {
			apart[i] = append(apart[i], x/f.MeanNorm)
		}
	}
	note := "Of the differences from the base. 1: they moved the same way; 0: they have nothing in common."
	if d.Base == "" {
		note = fmt.Sprintf("Of the differences from the mean. Of %d models that differ by chance all are at %s.", n, human.Number(-1/float64(n-1)))
	}
	return []Matrix{
		{"Distances", "Between the weights, of the length of the mean.", apart, Number, 0},
		{"Cosines of differences", note, f.DeltaCosines, Cosine, 1},
		{"Cosines of weights", "Near 1 for what comes from one checkpoint, near 0 for what does not.", f.Cosines, Cosine, 1},
	}
}
