package torch

import (
	"io"
	"sync"

	"olmotool/formats"
)

// strided is the data of a tensor whose elements do not lie in its storage in
// row-major order. It reads any range with the memory of one buffer, in runs
// along the dimension in which elements lie closest.
type strided struct {
	src  *io.SectionReader // the storage
	at   int64             // of the first element, in bytes
	elem int64             // bytes of an element
	dims []stride          // outermost first; those of one element left out
	size int64
}

// stride is a dimension: n steps of so many bytes of the storage.
type stride struct{ n, step int64 }

// newStrided describes the elements of a view that was checked.
func newStrided(src *io.SectionReader, offset, elem int64, shape, strides []int64) *strided {
	s := &strided{src: src, at: offset * elem, elem: elem, size: elem}
	for i, n := range shape {
		s.size *= n
		if n == 1 {
			continue
		}
		d := stride{n, strides[i] * elem}
		// Two dimensions that are walked like one are one.
		if k := len(s.dims) - 1; k >= 0 && n > 0 && s.dims[k].step == d.step*n {
			s.dims[k] = stride{s.dims[k].n * n, d.step}
			continue
		}
		s.dims = append(s.dims, d)
	}
	if len(s.dims) == 0 {
		s.dims = []stride{{1, elem}}
	}
	return s
}

func (s *strided) Size() int64 { return s.size }

func (s *strided) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clipRead(p, off, s.size)
	if n == 0 {
		return 0, err
	}
	g := gatherers.Get().(*gatherer)
	defer gatherers.Put(g)
	g.strided, g.have = s, 0
	err = wholeUnits(p[:n], off, s.elem, func(p []byte, off int64) error {
		first := off / s.elem
		return g.cut(p, s.dims, s.at, first, first+int64(len(p))/s.elem)
	})
	if err != nil {
		return 0, err
	}
	return n, eof
}

// gatherer is the working memory of one read.
type gatherer struct {
	*strided
	buf  [gatherBytes]byte // part of the storage
	from int64             // where it begins
	have int64             // how much of buf is filled
}

var gatherers = sync.Pool{New: func() any { return new(gatherer) }}

// cut fills p with elements [lo, hi) of the part of the tensor that begins at
// byte at of the storage and has the dimensions dims. It cuts them into blocks
// that are whole in all dimensions but the first.
func (g *gatherer) cut(p []byte, dims []stride, at, lo, hi int64) error {
	inner := int64(1)
	for _, d := range dims[1:] {
		inner *= d.n
	}
	for lo < hi {
		i, in := lo/inner, lo%inner
		n := min(hi-lo, inner-in)
		var err error
		if n == inner {
			n = (hi - lo) / inner * inner
			block := append([]stride{{n / inner, dims[0].step}}, dims[1:]...)
			err = g.block(p[:n*g.elem], block, at+i*dims[0].step)
		} else {
			err = g.cut(p[:n*g.elem], dims[1:], at+i*dims[0].step, in, in+n)
		}
		if err != nil {
			return err
		}
		p, lo = p[n*g.elem:], lo+n
	}
	return nil
}

// block fills p with a whole block. It walks the dimensions in such an order
// that the innermost loop runs where the steps are smallest.
func (g *gatherer) block(p []byte, dims []stride, at int64) error {
	out := make([]int64, len(dims)) // steps in p
	run := 0
	for k, n := len(dims)-1, g.elem; k >= 0; k-- {
		out[k] = n
		n *= dims[k].n
		if dims[k].n > 1 && (dims[k].step < dims[run].step || dims[run].n == 1) {
			run = k
		}
	}
	index := make([]int64, len(dims))
	to := int64(0)
	for {
		if err := g.run(p[to:], out[run], dims[run], at); err != nil {
			return err
		}
		k := len(dims) - 1
		for ; k >= 0; k-- {
			if k == run {
				continue
			}
			index[k]++
			at, to = at+dims[k].step, to+out[k]
			if index[k] < dims[k].n {
				break
			}
			at, to = at-index[k]*dims[k].step, to-index[k]*out[k]
			index[k] = 0
		}
		if k < 0 {
			return nil
		}
	}
}

// run copies the elements of one dimension to p, step bytes apart.
func (g *gatherer) run(p []byte, step int64, d stride, at int64) error {
	if d.step == g.elem && step == g.elem && d.n*g.elem >= readAhead {
		return formats.ReadFull(g.src, p[:d.n*g.elem], at)
	}
	per := d.n
	if d.step > 0 {
		per = min(per, max(1, (gatherBytes-g.elem)/d.step+1))
	}
	for i := int64(0); i < d.n; i += per {
		n := min(per, d.n-i)
		b, err := g.fetch(at+i*d.step, (n-1)*d.step+g.elem)
		if err != nil {
			return err
		}
		for j := range n {
			copy(p[(i+j)*step:(i+j)*step+g.elem], b[j*d.step:])
		}
	}
	return nil
}

// fetch returns n bytes of the storage, which may be read already.
func (g *gatherer) fetch(at, n int64) ([]byte, error) {
	if at < g.from || at+n > g.from+g.have {
		g.from, g.have = at, 0
		have := min(max(n, readAhead), g.src.Size()-at)
		if err := formats.ReadFull(g.src, g.buf[:have], at); err != nil {
			return nil, err
		}
		g.have = have
	}
	return g.buf[at-g.from : at-g.from+n], nil
}
