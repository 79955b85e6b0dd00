package values

import (
	"fmt"
	"slices"

	"olmotool/formats"
)

// Selection is the elements of a tensor that an index selects.
type Selection struct {
	shape []int64 // of the tensor
	axes  []axis  // one for each of its dimensions
}

// axis is the places along one dimension.
type axis struct {
	start, step, count int64
	single             bool // an integer: the dimension goes
	// After the first head places, skip are left out.
	head, skip int64
}

// place returns place i of the axis.
func (a axis) place(i int64) int64 {
	if i >= a.head {
		i += a.skip
	}
	return a.start + i*a.step
}

func (a axis) places() []int64 {
	ps := make([]int64, a.count)
	for i := range ps {
		ps[i] = a.place(int64(i))
	}
	return ps
}

// Select applies the index to a shape as numpy does: what lies beyond an end is
// left out of a slice, and dimensions that are not named are taken whole. It
// fails where an integer lies beyond an end, and on more items than dimensions.
func (x Index) Select(shape []int64) (*Selection, error) {
	items := slices.Clone(x.items)
	at := slices.IndexFunc(items, func(i item) bool { return i.kind == ellipsis })
	if at < 0 {
		at = len(items)
		items = append(items, item{kind: ellipsis})
	}
	missing := len(shape) - (len(items) - 1)
	if missing < 0 {
		return nil, fmt.Errorf("found an index of %d dimensions, expected at most %d for the shape %v", len(items)-1, len(shape), shape)
	}
	whole := item{step: 1, noStart: true, noStop: true}
	items = slices.Replace(items, at, at+1, slices.Repeat([]item{whole}, missing)...)
	s := &Selection{shape: shape, axes: make([]axis, len(shape))}
	for d, n := range shape {
		i := items[d]
		if i.kind != one {
			s.axes[d] = i.resolve(n)
			continue
		}
		if i.at < -n || i.at >= n {
			return nil, fmt.Errorf("found index %d in dimension %d, expected one of %d elements: from %d to %d", i.at, d, n, -n, n-1)
		}
		s.axes[d] = axis{start: fromEnd(i.at, n), step: 1, count: 1, single: true}
	}
	if _, err := formats.ElementsOf(s.Shape()); err != nil {
		return nil, err
	}
	return s, nil
}

// fromEnd counts a negative place from the end.
func fromEnd(i, n int64) int64 {
	if i < 0 {
		return i + n
	}
	return i
}

// resolve returns the places of a slice of n elements.
func (i item) resolve(n int64) axis {
	// Ends may be one before the first and one after the last place.
	lo, hi := int64(0), n
	if i.step < 0 {
		lo, hi = -1, n-1
	}
	start, stop := lo, hi
	if i.step < 0 {
		start, stop = hi, lo
	}
	if !i.noStart {
		start = min(max(fromEnd(i.start, n), lo), hi)
	}
	if !i.noStop {
		stop = min(max(fromEnd(i.stop, n), lo), hi)
	}
	a := axis{start: start, step: i.step}
	switch {
	case i.step > 0 && start < stop:
		a.count = (stop-start-1)/i.step + 1
	case i.step < 0 && start > stop:
		a.count = (stop-start+1)/i.step + 1
	}
	return a
}

// Shape returns the shape of what is selected: without the dimensions that an
// integer stands for.
func (s *Selection) Shape() []int64 {
	shape := []int64{}
	for _, a := range s.axes {
		if !a.single {
			shape = append(shape, a.count)
		}
	}
	return shape
}

// Elements returns how many elements are selected.
func (s *Selection) Elements() int64 {
	n := int64(1)
	for _, a := range s.axes {
		n *= a.count
	}
	return n
}

// Shortened leaves out all but the first and the last edge places of each
// dimension that has more than twice as many.
func (s *Selection) Shortened(edge int64) *Selection {
	r := &Selection{s.shape, slices.Clone(s.axes)}
	for d, a := range r.axes {
		if a.skip == 0 && a.count > 2*edge {
			r.axes[d].head, r.axes[d].skip, r.axes[d].count = edge, a.count-2*edge, 2*edge
		}
	}
	return r
}

// Gaps returns, for each dimension of Shape, how many places come before those
// that were left out; -1 if none were.
func (s *Selection) Gaps() []int64 {
	gaps := []int64{}
	for _, a := range s.axes {
		switch {
		case a.single:
		case a.skip > 0:
			gaps = append(gaps, a.head)
		default:
			gaps = append(gaps, -1)
		}
	}
	return gaps
}
