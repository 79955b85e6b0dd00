package formats

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Chunk is a part of a larger tensor: a box whose first element is at Offset
// there, and whose size is the shape of Tensor.
type Chunk struct {
	Offset []int64
	Tensor Tensor
}

// Assemble returns the tensor that chunks are cut from, as distributed
// checkpoints store it: whichever way it was cut, and in whatever order. Every
// element must be in exactly one of them; chunks without elements count for
// nothing.
func Assemble(name string, d DType, shape []int64, chunks []Chunk) (Tensor, error) {
	size, err := BytesOf(d, shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	if d.BlockElems() != 1 {
		return Tensor{}, fmt.Errorf("tensor %q: found chunks of %s, expected a type whose elements can be parted", name, d)
	}
	a := &assembled{shape: slices.Clone(shape), width: d.BlockBytes(), size: size}
	a.inner = inner(shape)
	for _, c := range chunks {
		if err := a.add(d, c); err != nil {
			return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	if err := a.cover(); err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	t, err := NewTensor(name, d, shape, a)
	t.Origin = Origin{Name: name, Offset: -1}
	if len(chunks) > 0 {
		t.Origin.File = chunks[0].Tensor.Origin.File
	}
	return t, err
}

// assembled is Data in boxes.
type assembled struct {
	shape []int64
	inner []int64 // elements of a step along each dimension
	width int64   // bytes of an element
	size  int64
	boxes []box   // by their first row
	ends  []int64 // ends[i] is the largest end of the rows of boxes [0, i]
}

type box struct {
	data      Data
	off, size []int64
	inner     []int64
}

// first and end are the rows of a box along the first dimension; a scalar has one.
func (b *box) first() int64 {
	if len(b.off) == 0 {
		return 0
	}
	return b.off[0]
}

func (b *box) end() int64 {
	if len(b.off) == 0 {
		return 1
	}
	return b.off[0] + b.size[0]
}

func (b *box) String() string {
	return fmt.Sprintf("%v at %v", b.size, b.off)
}

// inner returns how many elements one step along each dimension is.
func inner(shape []int64) []int64 {
	out := make([]int64, len(shape))
	n := int64(1)
	for k := len(shape) - 1; k >= 0; k-- {
		out[k] = n
		n *= shape[k]
	}
	return out
}

func (a *assembled) add(d DType, c Chunk) error {
	t := c.Tensor
	b := box{t.Data, c.Offset, t.Shape, inner(t.Shape)}
	if t.DType != d {
		return fmt.Errorf("found a chunk of %s, expected %s", t.DType, d)
	}
	if len(b.off) != len(a.shape) || len(b.size) != len(a.shape) {
		return fmt.Errorf("found a chunk %v, expected %d dimensions", &b, len(a.shape))
	}
	for k, n := range a.shape {
		if b.off[k] < 0 || b.size[k] < 0 || b.off[k] > n || b.size[k] > n-b.off[k] {
			return fmt.Errorf("found a chunk %v, expected one within %v", &b, a.shape)
		}
	}
	if t.Elements() > 0 {
		a.boxes = append(a.boxes, b)
	}
	return nil
}

// maxCompared bounds the work of showing that chunks do not overlap: far more
// than for the thousands that a tensor of a large run has.
const maxCompared = 1 << 28

// cover makes sure that every element is in one box, and in no other: boxes that
// do not overlap and have as many elements as the tensor.
func (a *assembled) cover() error {
	slices.SortStableFunc(a.boxes, func(x, y box) int { return slices.Compare(x.off, y.off) })
	var elements, end int64
	var open []*box // that have rows from here on
	compared := 0
	for i := range a.boxes {
		b := &a.boxes[i]
		open = slices.DeleteFunc(open, func(o *box) bool { return o.end() <= b.first() })
		if compared += len(open); compared > maxCompared {
			return fmt.Errorf("found %d chunks in no order, expected fewer", len(a.boxes))
		}
		for _, o := range open {
			if o.overlaps(b) {
				return fmt.Errorf("found the chunks %v and %v, expected chunks that do not overlap", o, b)
			}
		}
		open = append(open, b)
		n := int64(1)
		for _, s := range b.size {
			n *= s // at most the tensor's elements
		}
		elements += n // no overlap so far
		end = max(end, b.end())
		a.ends = append(a.ends, end)
	}
	if want := a.size / a.width; elements != want {
		return fmt.Errorf("found chunks with %d elements, expected %d, those of %v%s", elements, want, a.shape, a.hole())
	}
	return nil
}

// overlaps reports whether two boxes have an element in common.
func (b *box) overlaps(o *box) bool {
	for k := range b.off {
		if b.off[k] >= o.off[k]+o.size[k] || o.off[k] >= b.off[k]+b.size[k] {
			return false
		}
	}
	return true
}

// hole says where rows are missing, if whole rows are.
func (a *assembled) hole() string {
	if len(a.shape) == 0 {
		return ""
	}
	var holes []string
	at := int64(0)
	for i := range len(a.boxes) + 1 {
		next := a.shape[0]
		if i < len(a.boxes) {
			next = a.boxes[i].first()
		}
		if next > at && len(holes) < 4 {
			holes = append(holes, fmt.Sprintf("[%d, %d)", at, next))
		}
		if i < len(a.boxes) {
			at = max(at, a.ends[i])
		}
	}
	if holes == nil {
		return ""
	}
	return ": there are none for rows " + strings.Join(holes, ", ")
}

func (a *assembled) Size() int64 { return a.size }

func (a *assembled) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clip(p, off, a.size)
	if err != nil || n == 0 {
		return 0, err
	}
	lo, hi := off/a.width, (off+int64(n)+a.width-1)/a.width
	dst := p[:n]
	if lo*a.width != off || hi*a.width != off+int64(n) {
		dst = make([]byte, (hi-lo)*a.width) // parts of elements
	}
	r := reading{a, dst, lo, hi, nil}
	for i := a.from(lo); i < len(a.boxes); i++ {
		b := &a.boxes[i]
		if len(a.shape) > 0 && b.first()*a.inner[0] >= hi {
			break
		}
		if err := r.box(b, 0, 0, 0); err != nil {
			return 0, err
		}
	}
	if len(dst) != n {
		copy(p, dst[off-lo*a.width:])
	}
	return n, eof
}

// from returns the index of the first box that may have element lo.
func (a *assembled) from(lo int64) int {
	if len(a.shape) == 0 {
		return 0
	}
	row := lo / a.inner[0]
	return sort.Search(len(a.ends), func(i int) bool { return a.ends[i] > row })
}

// reading is of elements [lo, hi) into dst.
type reading struct {
	*assembled
	dst     []byte
	lo, hi  int64
	scratch []byte
}

// scatterBytes is how much of a box is read at a time to be laid out.
const scatterBytes = 1 << 20

// box reads what a box has of the elements. Of the tensor it goes over those from
// base on that have the same index in the dimensions before k; they begin at
// element at of the box.
func (r *reading) box(b *box, k int, base, at int64) error {
	if k == len(r.shape) || slices.Equal(r.shape[k+1:], b.size[k+1:]) {
		begin, n := base, int64(1)
		if k < len(r.shape) {
			begin, n = base+b.off[k]*r.inner[k], b.size[k]*b.inner[k]
		}
		lo, hi := max(r.lo, begin), min(r.hi, begin+n)
		if lo >= hi {
			return nil
		}
		return ReadFull(b.data, r.dst[(lo-r.lo)*r.width:(hi-r.lo)*r.width], (at+lo-begin)*r.width)
	}
	step := r.inner[k]
	first := max(b.off[k], (r.lo-base)/step)
	end := min(b.off[k]+b.size[k], (r.hi-base+step-1)/step)
	for i := first; i < end; {
		// Whole steps lie end to end in the box: they are read at once.
		whole := i
		for whole < end && base+whole*step >= r.lo && base+(whole+1)*step <= r.hi && (whole+1-i)*b.inner[k]*r.width <= scatterBytes {
			whole++
		}
		if whole > i {
			if err := r.scatter(b, k, base, at, i, whole); err != nil {
				return err
			}
			i = whole
			continue
		}
		if err := r.box(b, k+1, base+i*step, at+(i-b.off[k])*b.inner[k]); err != nil {
			return err
		}
		i++
	}
	return nil
}

// scatter reads steps [i, end) along dimension k, and lays them out.
func (r *reading) scatter(b *box, k int, base, at, i, end int64) error {
	n := (end - i) * b.inner[k] * r.width
	if int64(len(r.scratch)) < n {
		r.scratch = make([]byte, n)
	}
	src := r.scratch[:n]
	if err := ReadFull(b.data, src, (at+(i-b.off[k])*b.inner[k])*r.width); err != nil {
		return err
	}
	for ; i < end; i++ {
		src = r.lay(b, k+1, base+i*r.inner[k], src)
	}
	return nil
}

// lay copies one step, and returns what follows it.
func (r *reading) lay(b *box, k int, base int64, src []byte) []byte {
	if k == len(r.shape) || slices.Equal(r.shape[k+1:], b.size[k+1:]) {
		begin, n := base, int64(1)
		if k < len(r.shape) {
			begin, n = base+b.off[k]*r.inner[k], b.size[k]*b.inner[k]
		}
		copy(r.dst[(begin-r.lo)*r.width:], src[:n*r.width])
		return src[n*r.width:]
	}
	for i := b.off[k]; i < b.off[k]+b.size[k]; i++ {
		src = r.lay(b, k+1, base+i*r.inner[k], src)
	}
	return src
}

// Extents are those of boxes of whole rows.
func (a *assembled) Extents(off, n int64) ([]Extent, bool) {
	var all []Extent
	for i := range a.boxes {
		b := &a.boxes[i]
		begin, end := int64(0), a.size
		if len(a.shape) > 0 {
			if !slices.Equal(a.shape[1:], b.size[1:]) {
				return nil, false
			}
			begin, end = b.off[0]*a.inner[0]*a.width, b.end()*a.inner[0]*a.width
		}
		lo, hi := max(off, begin), min(off+n, end)
		if lo >= hi {
			continue
		}
		e, ok := Extents(b.data, lo-begin, hi-lo)
		if !ok {
			return nil, false
		}
		all = append(all, e...)
	}
	return all, true
}
