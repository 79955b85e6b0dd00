package formats

import (
	"fmt"
	"io"
	"slices"
	"sort"
)

// Rows returns rows [lo, hi) of the first dimension of t. Because tensors are
// row-major it is a range of bytes and costs nothing.
func Rows(t Tensor, lo, hi int64) (Tensor, error) {
	if len(t.Shape) == 0 {
		return Tensor{}, fmt.Errorf("tensor %q: rows [%d,%d) of a scalar", t.Name, lo, hi)
	}
	if lo < 0 || hi < lo || hi > t.Shape[0] {
		return Tensor{}, fmt.Errorf("tensor %q: rows [%d,%d) of %d", t.Name, lo, hi, t.Shape[0])
	}
	shape := slices.Clone(t.Shape)
	// Where row lo begins is the size of the rows before it; neither size need
	// be whole bytes or blocks.
	shape[0] = lo
	off, err := BytesOf(t.DType, shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: rows [%d,%d): %w", t.Name, lo, hi, err)
	}
	shape[0] = hi - lo
	n, err := BytesOf(t.DType, shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: rows [%d,%d): %w", t.Name, lo, hi, err)
	}
	r := t
	r.Shape = shape
	r.Data = io.NewSectionReader(t.Data, off, n)
	if r.Origin.Offset >= 0 {
		r.Origin.Offset += off
	}
	return r, nil
}

// JoinRows returns the tensors stacked along the first dimension, in order.
// All must have one dtype and agree in their other dimensions.
func JoinRows(name string, ts ...Tensor) (Tensor, error) {
	if len(ts) == 0 {
		return Tensor{}, fmt.Errorf("tensor %q: joined from nothing", name)
	}
	shape := slices.Clone(ts[0].Shape)
	if len(shape) == 0 {
		return Tensor{}, fmt.Errorf("tensor %q: joined from scalars", name)
	}
	shape[0] = 0
	j := &joined{ends: make([]int64, len(ts)), parts: make([]Data, len(ts))}
	for i, t := range ts {
		if t.DType != ts[0].DType || len(t.Shape) != len(shape) || !slices.Equal(t.Shape[1:], shape[1:]) {
			return Tensor{}, fmt.Errorf("tensor %q: %q is %s %v and does not fit %q, %s %v",
				name, t.Name, t.DType, t.Shape, ts[0].Name, ts[0].DType, ts[0].Shape)
		}
		var err error
		if shape[0], err = AddChecked(shape[0], t.Shape[0]); err != nil {
			return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
		}
		if j.size, err = AddChecked(j.size, t.Data.Size()); err != nil {
			return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
		}
		j.parts[i], j.ends[i] = t.Data, j.size
	}
	r, err := NewTensor(name, ts[0].DType, shape, j)
	r.Origin = Origin{Name: ts[0].Origin.Name, File: ts[0].Origin.File, Offset: -1}
	return r, err
}

// joined is Data laid end to end.
type joined struct {
	parts []Data
	ends  []int64 // ends[i] is where part i ends in the whole
	size  int64
}

func (j *joined) Size() int64 { return j.size }

// each calls f for the piece of every part that [off, off+n) touches: f is
// given the part, the offset in it and the number of bytes.
func (j *joined) each(off, n int64, f func(d Data, off, n int64) error) error {
	i := sort.Search(len(j.ends), func(i int) bool { return j.ends[i] > off })
	for ; n > 0 && i < len(j.parts); i++ {
		begin := j.ends[i] - j.parts[i].Size()
		k := min(n, j.ends[i]-off)
		if k == 0 {
			continue
		}
		if err := f(j.parts[i], off-begin, k); err != nil {
			return err
		}
		off, n = off+k, n-k
	}
	return nil
}

func (j *joined) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clip(p, off, j.size)
	if err != nil {
		return 0, err
	}
	done := 0
	err = j.each(off, int64(n), func(d Data, off, k int64) error {
		if err := ReadFull(d, p[done:done+int(k)], off); err != nil {
			return err
		}
		done += int(k)
		return nil
	})
	if err != nil {
		return done, err
	}
	return done, eof
}

func (j *joined) Extents(off, n int64) ([]Extent, bool) {
	var all []Extent
	err := j.each(off, n, func(d Data, off, k int64) error {
		e, ok := Extents(d, off, k)
		if !ok {
			return errNotStored
		}
		all = append(all, e...)
		return nil
	})
	return all, err == nil
}

var errNotStored = fmt.Errorf("bytes are not stored as they are read")

// PermuteRows returns t with its first dimension reordered: row i of the result
// is row source(i) of t. source must be a permutation of [0, t.Shape[0]); it is
// called whenever rows are read.
func PermuteRows(t Tensor, source func(i int64) int64) (Tensor, error) {
	if len(t.Shape) == 0 {
		return Tensor{}, fmt.Errorf("tensor %q: a scalar has no rows to permute", t.Name)
	}
	row, err := BytesOf(t.DType, t.Shape[1:])
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: rows of %s %v: %w", t.Name, t.DType, t.Shape, err)
	}
	r := t
	r.Data = &permuted{t.Data, t.Shape[0], row, source}
	r.Origin.Offset = -1
	return r, nil
}

type permuted struct {
	data   Data
	rows   int64
	row    int64 // bytes in a row
	source func(int64) int64
}

func (d *permuted) Size() int64 { return d.data.Size() }

func (d *permuted) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clip(p, off, d.Size())
	if err != nil {
		return 0, err
	}
	for done := 0; done < n; {
		i, in := (off+int64(done))/d.row, (off+int64(done))%d.row
		from := d.source(i)
		if from < 0 || from >= d.rows {
			return done, fmt.Errorf("row %d is taken from row %d of %d", i, from, d.rows)
		}
		k := min(n-done, int(d.row-in))
		if err := ReadFull(d.data, p[done:done+k], from*d.row+in); err != nil {
			return done, err
		}
		done += k
	}
	return n, eof
}

// clip returns how much of p a read at off fills in data of that size, and
// io.EOF in eof when it reaches the end before p does.
func clip(p []byte, off, size int64) (n int, eof, err error) {
	if off < 0 {
		return 0, nil, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= size {
		if len(p) == 0 {
			return 0, nil, nil
		}
		return 0, nil, io.EOF
	}
	if int64(len(p)) > size-off {
		return int(size - off), io.EOF, nil
	}
	return len(p), nil, nil
}
