package view

import (
	"fmt"

	"olmotool/formats"
)

// Transpose returns the transpose of a matrix of a plain type. A range of it is
// gathered from a stripe of columns of every row that it needs, so memory is
// that of the range.
func Transpose(t formats.Tensor) (formats.Tensor, error) {
	if len(t.Shape) != 2 || t.DType.BlockElems() != 1 {
		return formats.Tensor{}, fmt.Errorf("tensor %q: found %s %v, expected a matrix of a plain type", t.Name, t.DType, t.Shape)
	}
	m := &transposed{src: t.Data, rows: t.Shape[0], cols: t.Shape[1], width: t.DType.BlockBytes()}
	r := computed(t, m.width, m.fill)
	r.Shape = []int64{m.cols, m.rows}
	return r, nil
}

type transposed struct {
	src        formats.Data
	rows, cols int64 // of the source
	width      int64
}

// fill sets p to elements of the result: the rest of a row, whole rows, the
// beginning of a row.
func (m *transposed) fill(p []byte, off int64) error {
	for first := off / m.width; len(p) > 0; {
		j, i := first/m.rows, first%m.rows
		n := int64(len(p)) / m.width
		lines, run := n/m.rows, m.rows
		if i != 0 || lines == 0 {
			lines, run = 1, min(n, m.rows-i)
		}
		k := lines * run
		if err := m.stripe(p[:k*m.width], j, lines, i, run); err != nil {
			return err
		}
		p, first = p[k*m.width:], first+k
	}
	return nil
}

// stripe sets p to rows [j, j+lines) of the result, of each the elements
// [i, i+run): columns of the source, and its rows.
func (m *transposed) stripe(p []byte, j, lines, i, run int64) error {
	w := m.width
	// Where the stripe is nearly all of the source, whole rows are read.
	from, n, at := j, lines, int64(1)
	if lines*2 > m.cols {
		from, n = 0, m.cols
		at = max(1, min(run, int64(len(p))/(n*w)))
	}
	b := make([]byte, at*n*w)
	for r := int64(0); r < run; r += at {
		at := min(at, run-r)
		b := b[:at*n*w]
		if err := formats.ReadFull(m.src, b, ((i+r)*m.cols+from)*w); err != nil {
			return err
		}
		for a := range at {
			row := b[(a*n+j-from)*w:]
			for l := range lines {
				copy(p[(l*run+r+a)*w:][:w], row[l*w:])
			}
		}
	}
	return nil
}
