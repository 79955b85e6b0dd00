package soup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"

	"olmotool/formats"
)

// view is the data of a merged tensor: computed when it is read, whatever range
// of it is asked for.
type view struct {
	ctx  context.Context
	m    *Method
	t    *Tensor
	in   []*input // of the models, and of the base if there is one
	out  formats.DType
	size int64
	unit int64 // elements that are computed together: of a row, or 1
	step int64 // about how many the kernel is given at a time
	lost *formats.CastStats

	coefficients []*big.Rat // of a linear combination

	mu     sync.Mutex
	kernel kernel // once the facts are known
	err    error  // or why they are not
}

// maxUnit bounds the rows that are computed as a whole, of which a reader holds
// one of each model; the longest of a release has 27648 elements.
const maxUnit = 1 << 20

// kernel computes n elements from the bytes of the same elements of the inputs.
type kernel interface {
	block(s *scratch, dst []byte, raw [][]byte, n int, at int64) error
}

func newView(ctx context.Context, m *Method, t *Tensor, in []*input, out formats.DType, lost *formats.CastStats) (*view, error) {
	v := &view{ctx: ctx, m: m, t: t, in: in, out: out, unit: 1, step: rangedElems, lost: lost}
	var err error
	if v.size, err = formats.BytesOf(out, t.Shape); err != nil {
		return nil, err
	}
	if m.ByRow != nil && m.ByRow(t) {
		if v.unit, err = t.row(); err != nil {
			return nil, err
		}
		if v.unit > maxUnit {
			return nil, t.errorf("found rows of %d elements, expected at most %d for method %s", v.unit, maxUnit, m.Name)
		}
		v.unit = max(v.unit, 1)
	}
	if m.combine != nil {
		c, err := m.combine(t)
		if err != nil {
			return nil, t.errorf("%w", err)
		}
		for i := range in {
			v.coefficients = append(v.coefficients, c.coefficient(i))
		}
		c, v.in = c.used(in)
		v.step, v.kernel = blockElems, newCombined(c, v.in, out, lost)
	}
	return v, nil
}

func (v *view) Size() int64 { return v.size }

// prepared returns the kernel. Whoever comes first reads the tensors for what has
// to be known of them; others wait.
func (v *view) prepared() (kernel, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kernel == nil && v.err == nil {
		compute, err := v.m.Prepare(v.ctx, v.t)
		if v.err = err; err == nil {
			v.kernel = &ranged{compute, v.in, v.t.base != nil, v.out, v.lost}
		}
	}
	return v.kernel, v.err
}

// ReadAt computes the elements of a range, and of the rows that it touches if
// they belong together.
func (v *view) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	n = int(min(int64(len(p)), max(v.size-off, 0)))
	if n < len(p) {
		err = io.EOF
	}
	if n == 0 {
		return 0, err
	}
	k, kerr := v.prepared()
	if kerr != nil {
		return 0, kerr
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	width := v.out.BlockBytes()
	end := (off + int64(n) + width - 1) / width // element
	end = min((end+v.unit-1)/v.unit*v.unit, v.size/width)
	for done := 0; done < n; {
		at := off + int64(done)
		first := at / width / v.unit * v.unit
		elems := min(end-first, max(readElems/v.unit, 1)*v.unit)
		skip := int(at - first*width)
		if dst := p[done:n]; skip == 0 && int64(len(dst)) >= elems*width {
			if err := v.compute(k, s, dst[:elems*width], first, elems); err != nil {
				return done, err
			}
			done += int(elems * width)
			continue
		}
		s.out = grow(s.out, int(elems*width))
		if err := v.compute(k, s, s.out, first, elems); err != nil {
			return done, err
		}
		done += copy(p[done:n], s.out[skip:])
	}
	return n, err
}

// compute reads the inputs and computes n elements from them, in blocks.
func (v *view) compute(k kernel, s *scratch, dst []byte, first, n int64) error {
	for len(s.raw) < len(v.in) {
		s.raw = append(s.raw, nil)
	}
	raw := s.raw[:len(v.in)]
	for i, t := range v.in {
		raw[i] = grow(raw[i], int(n*t.DType.BlockBytes()))
		if err := t.bytes(v.ctx, raw[i], first); err != nil {
			return err
		}
	}
	step := max(v.step/v.unit, 1) * v.unit
	s.y, s.mid = grow(s.y, int(step)), grow(s.mid, int(step))
	parts := make([][]byte, len(raw))
	width := v.out.BlockBytes()
	for at := int64(0); at < n; at += step {
		m := min(step, n-at)
		for i, t := range v.in {
			w := t.DType.BlockBytes()
			parts[i] = raw[i][at*w : (at+m)*w]
		}
		if err := k.block(s, dst[at*width:(at+m)*width], parts, int(m), first+at); err != nil {
			return v.name(err)
		}
	}
	return nil
}

// name makes an error name the tensor.
func (v *view) name(err error) error {
	if known := (*formats.Error)(nil); errors.As(err, &known) {
		return err
	}
	return v.t.errorf("%w", err)
}

// scratch is the memory of one reader: bytes of readElems elements of each input,
// numbers of blockElems, or of a row.
type scratch struct {
	raw [][]byte
	x   [][]float64
	y   []float64
	mid []float32
	out []byte

	doubtful []int
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// floats returns room for n elements of so many tensors.
func (s *scratch) floats(tensors, n int) [][]float64 {
	for len(s.x) < tensors {
		s.x = append(s.x, nil)
	}
	for i := range tensors {
		s.x[i] = grow(s.x[i], n)
	}
	return s.x[:tensors]
}

// grow returns a slice of length n, b's memory if it is enough.
func grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
