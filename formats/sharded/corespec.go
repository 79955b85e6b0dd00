package sharded

import (
	"errors"
	"fmt"
	"slices"

	"olmotool/formats"
)

// coreTensor is what metadata.json says of a tensor.
type coreTensor struct {
	name    string
	dtype   formats.DType
	shape   []int64
	sharded bool
	specs   []coreSpec
}

// coreSpec is what one file has of a tensor: ranges [from, to) of its flattened
// elements, or a box.
type coreSpec struct {
	file          string
	ranges        [][2]int64
	shape, offset []int64 // of a box; nil without
}

func (s *coreSpec) box() bool { return s.shape != nil }

// elements is how many the file has.
func (s *coreSpec) elements() (int64, error) {
	if s.box() {
		return formats.ElementsOf(s.shape)
	}
	var n int64
	for _, r := range s.ranges {
		if r[1] < r[0] {
			return 0, fmt.Errorf("found the range [%d,%d], expected the end not before the beginning", r[0], r[1])
		}
		if n += r[1] - r[0]; n < 0 {
			return 0, errors.New("found ranges of more elements than can be counted, expected fewer")
		}
	}
	return n, nil
}

// flat reports whether the files have ranges of the tensor.
func (t *coreTensor) flat() bool {
	return slices.ContainsFunc(t.specs, func(s coreSpec) bool { return !s.box() })
}

// copied reports whether a file has only what one before it has too: a tensor
// that was not cut, or a box of one that was also repeated.
func (t *coreTensor) copied(i int) bool {
	if !t.sharded {
		return i > 0
	}
	s := t.specs[i]
	return s.box() && slices.ContainsFunc(t.specs[:i], func(q coreSpec) bool {
		return slices.Equal(q.shape, s.shape) && slices.Equal(q.offset, s.offset)
	})
}
