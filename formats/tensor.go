package formats

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Data is the bytes of a tensor: row-major, little-endian, Size of them, any
// range readable at any time and from several goroutines. *io.SectionReader
// and *bytes.Reader are Data.
//
// ReadAt follows io.ReaderAt: a read that reaches the end may return io.EOF
// with a full buffer, and an error means that the bytes cannot be had.
type Data interface {
	io.ReaderAt
	Size() int64
}

// Tensor describes one tensor. It is a value: views return changed copies.
type Tensor struct {
	Name  string
	DType DType
	// Shape has the outermost dimension first, as torch and safetensors print
	// it; an empty shape is a scalar.
	Shape []int64
	// Data holds exactly the bytes that DType and Shape ask for.
	Data Data

	// Origin says where the bytes are stored, for people to read; views keep
	// it. It plays no part in reading.
	Origin Origin
}

// Origin is where a tensor was found.
type Origin struct {
	Name   string // the name in the file
	File   string // the path of the file
	Offset int64  // where the bytes begin in that file; -1 if they are not one plain range
}

// NewTensor returns the tensor of these parts after checking that dtype, shape
// and the size of data agree.
func NewTensor(name string, d DType, shape []int64, data Data) (Tensor, error) {
	t := Tensor{Name: name, DType: d, Shape: slices.Clone(shape), Data: data}
	want, err := BytesOf(d, shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	if data.Size() != want {
		return Tensor{}, fmt.Errorf("tensor %q: found %d bytes, expected %d for %s %v", name, data.Size(), want, d, shape)
	}
	return t, nil
}

// Elements returns the product of the shape.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes returns the number of bytes of the tensor.
func (t Tensor) Bytes() int64 { return t.Data.Size() }

// RowBytes returns the size in bytes of one step of the first dimension, and 0
// for a scalar or an empty tensor.
func (t Tensor) RowBytes() int64 {
	if len(t.Shape) == 0 || t.Shape[0] == 0 {
		return 0
	}
	return t.Bytes() / t.Shape[0]
}

// WithName returns t under another name.
func (t Tensor) WithName(name string) Tensor {
	t.Name = name
	return t
}

// ElementsOf returns the product of shape. It fails on a negative dimension
// and when the product overflows at any step.
func ElementsOf(shape []int64) (int64, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("negative dimension %d in shape %v", d, shape)
		}
		var err error
		if n, err = MulChecked(n, d); err != nil {
			return 0, fmt.Errorf("shape %v: %w", shape, err)
		}
	}
	return n, nil
}

// BytesOf returns the number of bytes that a tensor of this type and shape
// takes. For a block type the innermost dimension must fill whole blocks,
// because no block crosses from one row to the next.
func BytesOf(d DType, shape []int64) (int64, error) {
	n, err := ElementsOf(shape)
	if err != nil {
		return 0, err
	}
	if d.Valid() && d.IsBlock() && len(shape) > 0 {
		if row := shape[len(shape)-1]; row%d.BlockElems() != 0 {
			return 0, fmt.Errorf("rows of %d elements do not fill whole %s blocks of %d", row, d, d.BlockElems())
		}
	}
	return d.Bytes(n)
}

// Extent is a range of bytes in a plain file.
type Extent struct {
	File   *os.File
	Off, N int64
}

// Extenter is Data that may be able to say where its bytes lie in plain files,
// so that a writer can let the kernel copy them.
type Extenter interface {
	// Extents returns the file ranges that hold [off, off+n), in order, or
	// false when the bytes are not stored as they are read.
	Extents(off, n int64) ([]Extent, bool)
}

// Extents asks d for the file ranges of [off, off+n). Sections of an *os.File
// have one; views that only move bytes pass the question on.
func Extents(d Data, off, n int64) ([]Extent, bool) {
	switch d := d.(type) {
	case Extenter:
		return d.Extents(off, n)
	case *io.SectionReader:
		r, base, _ := d.Outer()
		switch r := r.(type) {
		case *os.File:
			return []Extent{{r, base + off, n}}, true
		case Data:
			return Extents(r, base+off, n)
		}
	}
	return nil, false
}

// ReadFull fills p with the bytes of d at off. It is what callers of
// Data.ReadAt want: io.EOF at the very end is not an error, a short read is.
func ReadFull(d io.ReaderAt, p []byte, off int64) error {
	n, err := d.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if known := (*Error)(nil); errors.As(err, &known) {
		return err // of computed data: it says what is wrong
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d of %d bytes at %d: %w", n, len(p), off, err)
}
