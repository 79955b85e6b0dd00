package view

import (
	"fmt"
	"io"
	"slices"

	"olmotool/formats"
)

// Gather returns a tensor of n rows: row i is row source(i) of t. Any row may be
// taken any number of times.
func Gather(t formats.Tensor, n int64, source func(i int64) int64) (formats.Tensor, error) {
	if len(t.Shape) == 0 || t.Shape[0] == 0 || t.RowBytes() == 0 {
		return formats.Tensor{}, fmt.Errorf("tensor %q: %s %v has no rows to take", t.Name, t.DType, t.Shape)
	}
	row, rows, src := t.RowBytes(), t.Shape[0], t.Data
	size, err := formats.MulChecked(row, n)
	if err != nil {
		return formats.Tensor{}, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	r := t
	r.Shape = slices.Clone(t.Shape)
	r.Shape[0] = n
	r.Origin.Offset = -1
	r.Data = &units{size, 1, func(p []byte, off int64) error {
		for len(p) > 0 {
			i, in := off/row, off%row
			from := source(i)
			if from < 0 || from >= rows {
				return fmt.Errorf("row %d is taken from row %d of %d", i, from, rows)
			}
			// Rows that follow each other there, too, are read at once.
			k := row - in
			for j := int64(1); k < int64(len(p)) && source(i+j) == from+j && from+j < rows; j++ {
				k += row
			}
			k = min(k, int64(len(p)))
			if err := formats.ReadFull(src, p[:k], from*row+in); err != nil {
				return err
			}
			p, off = p[k:], off+k
		}
		return nil
	}}
	return r, nil
}

// Columns returns t with each row changed: fn sets dst to what becomes of the
// row src. A whole row is in memory while it is read.
func Columns(t formats.Tensor, fn func(dst, src []byte)) formats.Tensor {
	row, src := t.RowBytes(), t.Data
	return computed(t, max(row, 1), func(p []byte, off int64) error {
		b := make([]byte, row)
		for ; len(p) > 0; p, off = p[row:], off+row {
			if err := formats.ReadFull(src, b, off); err != nil {
				return err
			}
			fn(p[:row], b)
		}
		return nil
	})
}

// Flat returns t as one row of elements.
func Flat(t formats.Tensor) formats.Tensor {
	t.Shape = []int64{t.Elements()}
	return t
}

// Roll returns t with its elements moved on by n places, as they lie in memory;
// those that leave at one end come in at the other.
func Roll(t formats.Tensor, n int64) (formats.Tensor, error) {
	flat := Flat(t)
	size := flat.Shape[0]
	if size == 0 {
		return t, nil
	}
	n = ((n % size) + size) % size
	tail, err := formats.Rows(flat, size-n, size)
	if err != nil {
		return formats.Tensor{}, err
	}
	head, err := formats.Rows(flat, 0, size-n)
	if err != nil {
		return formats.Tensor{}, err
	}
	r, err := formats.JoinRows(t.Name, tail, head)
	r.Shape = t.Shape
	return r, err
}

// Replace returns t with rows [lo, lo+n) replaced by those of rows, which has n.
func Replace(t formats.Tensor, lo int64, rows formats.Tensor) (formats.Tensor, error) {
	if len(t.Shape) == 0 || len(rows.Shape) == 0 {
		return formats.Tensor{}, fmt.Errorf("tensor %q: a scalar has no rows to replace", t.Name)
	}
	before, err := formats.Rows(t, 0, lo)
	if err != nil {
		return formats.Tensor{}, err
	}
	after, err := formats.Rows(t, lo+rows.Shape[0], t.Shape[0])
	if err != nil {
		return formats.Tensor{}, err
	}
	return formats.JoinRows(t.Name, before, rows, after)
}

// Patch returns t with the bytes b at off.
func Patch(t formats.Tensor, off int64, b []byte) formats.Tensor {
	src := t.Data
	return computed(t, 1, func(p []byte, at int64) error {
		if err := formats.ReadFull(src, p, at); err != nil {
			return err
		}
		if lo, hi := max(at, off), min(at+int64(len(p)), off+int64(len(b))); lo < hi {
			copy(p[lo-at:], b[lo-off:hi-off])
		}
		return nil
	})
}

// Bytes returns the bytes [lo, hi) of t as a row of U8.
func Bytes(t formats.Tensor, lo, hi int64) formats.Tensor {
	t.DType, t.Shape = formats.U8, []int64{hi - lo}
	t.Data = io.NewSectionReader(t.Data, lo, hi-lo)
	return t
}
