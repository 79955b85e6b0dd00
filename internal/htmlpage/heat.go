package htmlpage

import (
	"math"
	"strconv"
)

// Heat is a table of numbers with colours: blue above zero, brown below.
type Heat struct {
	Names []string // of the rows and the columns, short ones
	Rows  [][]HeatCell
}

// HeatCell is a cell of it.
type HeatCell struct {
	Text, Title string
	Class       string // "below" if it is below zero
	Strength    string // of the colour, 0 to 1
}

// maxNumbers is how many columns have numbers: more do not fit, and have theirs
// in the title of each cell.
const maxNumbers = 20

// NewHeat makes a table of a matrix. The colour is full at most, or at the
// largest value if most is 0; title says what a cell is.
func NewHeat(names []string, m [][]float64, most float64, text func(float64) string, title func(i, j int) string) Heat {
	h := Heat{Names: names}
	full := most
	for _, row := range m {
		for _, v := range row {
			if most == 0 && v-v == 0 {
				full = max(full, math.Abs(v))
			}
		}
	}
	for i, row := range m {
		cells := make([]HeatCell, len(row))
		for j, v := range row {
			c := HeatCell{Text: text(v), Title: title(i, j) + ": " + text(v), Strength: "0"}
			if s := math.Abs(v) / full; s > 0 {
				c.Strength = strconv.FormatFloat(min(s, 1), 'f', 3, 64)
			}
			if v < 0 {
				c.Class = "below"
			}
			if len(row) > maxNumbers {
				c.Text = ""
			}
			cells[j] = c
		}
		h.Rows = append(h.Rows, cells)
	}
	return h
}
