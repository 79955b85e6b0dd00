package torch

import (
	"fmt"
	"io"

	"olmotool/formats"
)

// tensorView is a tensor as torch describes it: a view of a storage. Offset and
// strides count elements of torch's dtype.
type tensorView struct {
	storage *readStorage
	dtype   formats.DType
	offset  int64
	shape   []int64
	strides []int64

	object       *Object // the value of the root that it was read from
	parameter    bool
	requiresGrad bool
}

// check makes sure that every element of the view lies in its storage.
func (t *tensorView) check() error {
	if len(t.strides) != len(t.shape) {
		return fmt.Errorf("found %d strides, expected %d", len(t.strides), len(t.shape))
	}
	if t.offset < 0 {
		return fmt.Errorf("found offset %d, expected 0 or more", t.offset)
	}
	size := t.dtype.BlockBytes()
	n, err := formats.ElementsOf(t.shape)
	if err == nil {
		n, err = formats.MulChecked(n, size)
	}
	if err != nil {
		return fmt.Errorf("found size %v, expected one that fits: %w", t.shape, err)
	}
	last, err := lastElement(t.shape, t.strides, t.offset)
	if err != nil {
		return fmt.Errorf("found strides %v, expected ones that fit: %w", t.strides, err)
	}
	have := t.storage.bytes
	if last >= have/size {
		return fmt.Errorf("found element %d of storage %q, expected fewer than %d", last, t.storage.key, have/size)
	}
	if n > have && n > expandFree && n/maxExpand > have {
		return fmt.Errorf("found %d bytes made of a storage of %d, expected at most %d times as many", n, have, maxExpand)
	}
	return nil
}

// contiguous reports whether the elements lie in the storage one after the
// other.
func (t *tensorView) contiguous() bool {
	if t.bytes() == 0 {
		return true
	}
	strides, err := rowMajor(t.shape)
	return err == nil && sameOrder(t.shape, t.strides, strides)
}

// bytes is the size of the elements of the view.
func (t *tensorView) bytes() int64 {
	n := t.dtype.BlockBytes()
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// tensor makes the tensor of the view.
func (t *tensorView) tensor(name, file string) (formats.Tensor, error) {
	size := t.dtype.BlockBytes()
	var data formats.Data
	at := int64(-1)
	if t.contiguous() {
		begin := t.offset * size
		if t.bytes() == 0 {
			begin = 0
		}
		section := t.storage.section(begin, t.bytes())
		data, at = section, placeInFile(section)
	} else {
		data = newStrided(t.storage.section(0, t.storage.bytes), t.offset, size, t.shape, t.strides)
	}
	if unit := swapUnit(t.dtype); t.storage.swap && unit > 1 {
		if t.storage.class == untyped {
			return formats.Tensor{}, unsupported("big-endian elements in a storage without a type, which torch does not swap either")
		}
		data, at = &swapped{data, unit}, -1
	}
	shape, err := t.formatsShape()
	if err != nil {
		return formats.Tensor{}, err
	}
	out, err := formats.NewTensor(name, t.dtype, shape, data)
	out.Origin = formats.Origin{Name: name, File: file, Offset: at}
	return out, err
}

// formatsShape is the shape in elements of ours: an element of torch may be
// several of them.
func (t *tensorView) formatsShape() ([]int64, error) {
	n := t.dtype.BlockElems()
	if n == 1 {
		return t.shape, nil
	}
	last := len(t.shape) - 1
	if last < 0 {
		return nil, unsupported("a scalar of packed elements")
	}
	shape := append([]int64(nil), t.shape...)
	var err error
	shape[last], err = formats.MulChecked(shape[last], n)
	return shape, err
}

// placeInFile returns where the section begins in its file, or else in the
// reader that it is a section of; -1 if it is stored compressed.
func placeInFile(s *io.SectionReader) int64 {
	if e, ok := formats.Extents(s, 0, s.Size()); ok && len(e) == 1 {
		return e[0].Off
	}
	r, off, _ := s.Outer()
	if _, ok := r.(*inflated); ok {
		return -1
	}
	return off
}
