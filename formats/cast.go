package formats

import (
	"fmt"
	"slices"
	"sync"

	"olmotool/formats/ggml"
)

// Cast returns t in another element type. Values are rounded once, to nearest
// even, from float32 (an F64 source is rounded to float32 first, as torch
// does); a NaN stays a NaN and becomes quiet; what is too large becomes
// infinite. Quantised types are read and written with ggml's reference
// arithmetic. A cast to the type that t has returns t.
//
// stats may be nil.
func Cast(t Tensor, to DType, stats *CastStats) (Tensor, error) {
	if t.DType == to {
		return t, nil
	}
	src, ok := codecs[t.DType]
	if !ok || src.decode == nil {
		return Tensor{}, fmt.Errorf("tensor %q: no conversion from %s", t.Name, t.DType)
	}
	dst, ok := codecs[to]
	if !ok || dst.encode == nil {
		return Tensor{}, fmt.Errorf("tensor %q: no conversion to %s", t.Name, to)
	}
	size, err := BytesOf(to, t.Shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	r := t
	r.DType = to
	r.Shape = slices.Clone(t.Shape)
	r.Data = &cast{src: t.Data, from: t.DType, to: to, decode: src.decode, encode: dst.encode, size: size, stats: stats}
	r.Origin.Offset = -1
	return r, nil
}

// CanCast reports whether [Cast] knows the way from one type to the other.
func CanCast(from, to DType) bool {
	return from == to || (codecs[from].decode != nil && codecs[to].encode != nil)
}

// codec turns the bytes of whole blocks into float32 values and back.
type codec struct {
	decode func(dst []float32, src []byte)
	encode func(dst []byte, src []float32)
}

var codecs = map[DType]codec{
	F64:  {ggml.DecodeF64, ggml.EncodeF64},
	F32:  {ggml.DecodeF32, ggml.EncodeF32},
	F16:  {ggml.DecodeF16, ggml.EncodeF16},
	BF16: {ggml.DecodeBF16, ggml.EncodeBF16},
	Q8_0: {ggml.DecodeQ8_0, ggml.EncodeQ8_0},
}

// castElems is how many elements are converted at a time: a multiple of every
// block size, and small enough that source, floats and result stay in a
// second-level cache.
const castElems = 32 << 10

type cast struct {
	src      Data
	from, to DType
	decode   func([]float32, []byte)
	encode   func([]byte, []float32)
	size     int64
	stats    *CastStats
}

func (c *cast) Size() int64 { return c.size }

// castScratch is the working memory of one read.
type castScratch struct {
	in  [castElems * 16]byte
	mid [castElems]float32
	out [castElems * 8]byte
}

var castPool = sync.Pool{New: func() any { return new(castScratch) }}

func (c *cast) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clip(p, off, c.size)
	if err != nil {
		return 0, err
	}
	s := castPool.Get().(*castScratch)
	defer castPool.Put(s)

	// Work in units that are whole blocks on both sides.
	unit := max(c.from.BlockElems(), c.to.BlockElems())
	unitBytes := unit / c.to.BlockElems() * c.to.BlockBytes()
	for done := 0; done < n; {
		at := off + int64(done)
		first := at / unitBytes * unit // element at which the unit begins
		skip := int(at % unitBytes)
		total := c.size / c.to.BlockBytes() * c.to.BlockElems()
		want := (int64(skip+n-done) + unitBytes - 1) / unitBytes * unit
		elems := min(want, castElems, total-first)
		in := s.in[:elems/c.from.BlockElems()*c.from.BlockBytes()]
		if err := ReadFull(c.src, in, first/c.from.BlockElems()*c.from.BlockBytes()); err != nil {
			return done, err
		}
		mid := s.mid[:elems]
		c.decode(mid, in)
		outLen := int(elems / c.to.BlockElems() * c.to.BlockBytes())
		if k := n - done; skip == 0 && k >= outLen {
			c.encode(p[done:done+outLen], mid)
			c.count(in, mid, p[done:done+outLen])
			done += outLen
			continue
		}
		out := s.out[:outLen]
		c.encode(out, mid)
		c.count(in, mid, out)
		done += copy(p[done:n], out[skip:])
	}
	return n, eof
}
