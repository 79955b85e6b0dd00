package values

import (
	"context"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/internal/element"
)

// MaxElements is how many elements [Read] reads: more than anybody looks at.
const MaxElements = 1 << 16

// windowBytes is how far apart elements may lie that are read in one go.
const windowBytes = 64 << 10

// Values are elements of a tensor as text.
type Values struct {
	Shape []int64
	// Text has the elements, row-major, as package element writes them.
	Text []string
	// Places are, for each dimension of Shape, the indices in the tensor; none if
	// nothing is selected.
	Places [][]int64
	// Gaps are those of the selection.
	Gaps []int64
}

// Read reads what s selects of t. Quantised tensors are decoded to F32. It fails
// for a type that cannot be read, and if more than [MaxElements] are selected;
// errors are *formats.Error but for that of ctx.
func Read(ctx context.Context, t formats.Tensor, s *Selection) (*Values, error) {
	fail := func(format string, args ...any) error {
		return formats.Errorf(t.Origin.File, fmt.Sprintf("tensor %q", t.Name), format, args...)
	}
	if !slices.Equal(s.shape, t.Shape) {
		return nil, fail("found the shape %v, expected %v", t.Shape, s.shape)
	}
	p, err := element.Plain(t)
	if err != nil {
		return nil, fail("%w", err)
	}
	k, ok := element.Of(p.DType)
	if !ok {
		return nil, fail("found %s, expected a type whose values can be read", t.DType)
	}
	n := s.Elements()
	if n > MaxElements {
		return nil, fail("found %d elements selected, expected at most %d", n, MaxElements)
	}
	v := &Values{Shape: s.Shape(), Text: make([]string, 0, n), Gaps: s.Gaps()}
	if n == 0 {
		return v, nil
	}
	for _, a := range s.axes {
		if !a.single {
			v.Places = append(v.Places, a.places())
		}
	}
	r := &reader{data: p.Data, kind: k}
	at := make([]int64, len(s.axes)) // places in the selection
	for {
		if len(v.Text)%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		bits, err := r.at(s, at)
		if err != nil {
			return nil, fail("%w", err)
		}
		v.Text = append(v.Text, element.Format(p.DType, bits))
		d := len(at) - 1
		for ; d >= 0; d-- {
			if at[d]++; at[d] < s.axes[d].count {
				break
			}
			at[d] = 0
		}
		if d < 0 {
			return v, nil
		}
	}
}

// reader reads single elements through a window.
type reader struct {
	data   formats.Data
	kind   *element.Kind
	window []byte
	off    int64
}

// at returns the bits of the element at those places. What follows it along the
// last dimension is read with it if it lies close.
func (r *reader) at(s *Selection, at []int64) (uint64, error) {
	w := int64(r.kind.Width)
	off := int64(0)
	for d, a := range s.axes {
		off = off*s.shape[d] + a.place(at[d])
	}
	off *= w
	if off < r.off || off+w > r.off+int64(len(r.window)) {
		r.off = off
		n := w
		if last := len(at) - 1; last >= 0 {
			n += s.axes[last].run(at[last], windowBytes/w) * w
		}
		r.window = slices.Grow(r.window[:0], int(n))[:n]
		if err := formats.ReadFull(r.data, r.window, off); err != nil {
			return 0, err
		}
	}
	return r.kind.Load(r.window[off-r.off:]), nil
}

// run returns how far it is from place i to the last that can be read with it:
// upwards, without a gap, and no more than limit.
func (a axis) run(i, limit int64) int64 {
	end := a.count - 1
	if a.skip > 0 && i < a.head {
		end = a.head - 1
	}
	if a.step <= 0 || a.step > limit/2 {
		return 0
	}
	return min(end-i, limit/a.step) * a.step
}
