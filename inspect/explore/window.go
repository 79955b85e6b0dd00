package explore

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"olmotool/formats"
	"olmotool/inspect/values"
	"olmotool/internal/human"
)

// cell is how wide a value is drawn, and rowLabel the number of its row.
const (
	cell     = 13
	rowLabel = 9
)

// window is a part of a tensor's values, seen as a matrix whose rows are steps
// along the last dimension.
type window struct {
	tensor     int
	row0, col0 int64
	cells      [][]string
	err        error
}

// matrix returns the rows and columns that a tensor is seen as.
func matrix(t formats.Tensor) (rows, cols int64) {
	if len(t.Shape) == 0 {
		return 1, 1
	}
	cols = t.Shape[len(t.Shape)-1]
	if cols == 0 {
		return 0, 0
	}
	return t.Elements() / cols, cols
}

// read returns the values of a part as text.
func read(ctx context.Context, t formats.Tensor, row0, col0, rows, cols int64) ([][]string, error) {
	n, wide := matrix(t)
	t.Shape = []int64{n, wide}
	x, err := values.ParseIndex(fmt.Sprintf("%d:%d,%d:%d", row0, row0+rows, col0, col0+cols))
	if err != nil {
		return nil, err
	}
	part, err := x.Select(t.Shape)
	if err != nil {
		return nil, err
	}
	v, err := values.Read(ctx, t, part)
	if err != nil {
		return nil, err
	}
	out := make([][]string, 0, rows)
	for text := v.Text; len(text) > 0 && cols > 0; text = text[cols:] {
		out = append(out, text[:cols])
	}
	return out, nil
}

// seen returns how many rows and columns of values there is room for.
func (s *state) seen() (rows, cols int64) {
	_, width := s.widths()
	return int64(max(s.lines()*2/5, 1)), int64(max((width-rowLabel)/cell, 1))
}

// look reads the values that are to be seen.
func (s *state) look() tea.Cmd {
	i := s.tensor()
	if _, width := s.widths(); i < 0 || width == 0 {
		return nil
	}
	t, row0, col0 := s.tensors[i], s.row0, s.col0
	rows, cols := matrix(t)
	moreRows, moreCols := s.seen()
	moreRows, moreCols = min(moreRows, rows-row0), min(moreCols, cols-col0)
	return func() tea.Msg {
		w := window{tensor: i, row0: row0, col0: col0}
		w.cells, w.err = read(s.ctx, t, row0, col0, moreRows, moreCols)
		return w
	}
}

// moveValues moves the part that is seen, if that is what a key stands for.
func (s *state) moveValues(key string) bool {
	i := s.tensor()
	if i < 0 {
		return false
	}
	rows, cols := matrix(s.tensors[i])
	high, wide := s.seen()
	row, col := s.row0, s.col0
	switch key {
	case "up", "k":
		row--
	case "down", "j":
		row++
	case "pgup":
		row -= high
	case "pgdown", "space":
		row += high
	case "left", "h":
		col--
	case "right", "l":
		col++
	case "home":
		col = 0
	case "end":
		col = cols
	case "g":
		row, col = 0, 0
	case "G":
		row = rows
	default:
		return false
	}
	s.row0 = max(min(row, rows-high), 0)
	s.col0 = max(min(col, cols-wide), 0)
	return true
}

// drawValues draws the values that were read.
func (s *state) drawValues(t formats.Tensor) []string {
	w := s.window
	switch {
	case w.tensor != s.tensor() || w.cells == nil && w.err == nil:
		return nil
	case w.err != nil:
		return []string{warned.Render(human.Printable(w.err.Error()))}
	}
	var head strings.Builder
	head.WriteString(fit("", rowLabel))
	for k := range w.cells[:min(1, len(w.cells))] {
		for j := range w.cells[k] {
			head.WriteString(right(fmt.Sprintf("%d", w.col0+int64(j)), cell))
		}
	}
	out := []string{faint.Render(head.String())}
	for k, values := range w.cells {
		var b strings.Builder
		b.WriteString(faint.Render(fit(fmt.Sprintf("%d", w.row0+int64(k)), rowLabel)))
		for _, v := range values {
			b.WriteString(right(v, cell))
		}
		out = append(out, b.String())
	}
	if s.inValues && len(out) > 0 {
		out[0] = bold.Render(head.String())
	}
	return out
}

// right puts s to the right end of a column.
func right(s string, width int) string {
	return strings.Repeat(" ", max(width-len([]rune(s)), 1)) + s
}
