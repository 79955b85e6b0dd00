// Package random has tensors whose bytes are computed when they are read:
// weights of any size for tests, benchmarks and dry runs, with nothing stored.
//
// [Data] gives the bytes. They depend on the seed, the name of the tensor, the
// element type and the options alone: every element is computed from its index,
// so any range can be read at any time, and the values of another element type
// are the float32 values rounded once, as [formats.Cast] rounds them.
//
// # The numbers
//
// All arithmetic on integers is modulo 2^64. With
//
//	G = 0x9e3779b97f4a7c15
//	mix(z): z = (z xor z>>30) · 0xbf58476d1ce4e5b9
//	        z = (z xor z>>27) · 0x94d049bb133111eb
//	        return z xor z>>31
//
// (the finaliser of SplitMix64) and fnv the 64-bit FNV-1a hash of the bytes of
// the name, element i is
//
//	key   = mix(mix(seed + G) xor fnv)
//	h     = mix(key + (i+1) · G)
//	s     = sum of the four 16-bit fields of h, less 131070
//	scale = float32(std / sqrt((2^32 - 1) / 3))       computed in float64
//	x     = float32(float32(s) · scale) + mean
//
// where std and mean are float32 and each operation of the last line is rounded
// to float32, none fused. The sum of
// four uniform values is close to normal, with mean 0 after the subtraction and
// the standard deviation that scale divides out; no value is further than 3.5
// std from the mean. These definitions are part of the package's promise: a
// seed means the same weights in every version.
package random

import (
	"fmt"
	"hash/fnv"
	"io"
	"math"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// Options of the distribution. The zero value gives zeros.
type Options struct {
	Mean, Std float32
}

// Data returns n pseudo-random elements of type d. Any type that [formats.Cast]
// makes from float32 will do.
func Data(seed uint64, name string, d formats.DType, n int64, o Options) (formats.Data, error) {
	size, err := formats.BytesOf(formats.F32, []int64{n})
	if err != nil {
		return nil, fmt.Errorf("random tensor %q: %w", name, err)
	}
	g := newGenerator(seed, name, o)
	if d == formats.BF16 {
		return &source{g, 2, size / 2}, nil
	}
	f32 := formats.Tensor{Name: name, DType: formats.F32, Shape: []int64{n}, Data: &source{g, 4, size}}
	t, err := formats.Cast(f32, d, nil)
	if err != nil {
		return nil, fmt.Errorf("random %w", err)
	}
	return t.Data, nil
}

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// generator computes elements.
type generator struct {
	key         uint64
	scale, mean float32
}

func newGenerator(seed uint64, name string, o Options) generator {
	h := fnv.New64a()
	io.WriteString(h, name)
	return generator{
		key:   mix(mix(seed+golden) ^ h.Sum64()),
		scale: float32(float64(o.Std) / math.Sqrt((1<<32-1)/3.0)),
		mean:  o.Mean,
	}
}

// fill computes elements first, first+1, …
func (g generator) fill(dst []float32, first int64) {
	z := g.key + uint64(first)*golden
	for i := range dst {
		z += golden
		h := mix(z)
		h = h&0x0000ffff0000ffff + h>>16&0x0000ffff0000ffff // two sums of two fields
		s := int32(uint32(h)+uint32(h>>32)) - 131070
		dst[i] = float32(float32(s)*g.scale) + g.mean
	}
}

// chunk is how many elements are computed before they are encoded: they stay in
// the first-level cache.
const chunk = 1024

// source is the bytes of the elements as float32, or as bfloat16 without the
// detour through float32 bytes, because benchmarks feed on it.
type source struct {
	generator
	width int64 // bytes of an element, 4 or 2
	size  int64
}

func (s *source) Size() int64 { return s.size }

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	var eof error
	if left := max(s.size-off, 0); int64(len(p)) > left {
		p, eof = p[:left], io.EOF
	}
	var values [chunk]float32
	var encoded [chunk * 4]byte
	for done := 0; done < len(p); {
		at := off + int64(done)
		first, skip := at/s.width, int(at%s.width)
		n := min(chunk, (s.size-first*s.width)/s.width, (int64(skip+len(p)-done)+s.width-1)/s.width)
		v := values[:n]
		s.fill(v, first)
		if k := int(n * s.width); skip == 0 && len(p)-done >= k {
			s.encode(p[done:done+k], v)
			done += k
			continue
		}
		s.encode(encoded[:n*s.width], v)
		done += copy(p[done:], encoded[skip:n*s.width])
	}
	return len(p), eof
}

func (s *source) encode(dst []byte, src []float32) {
	if s.width == 2 {
		ggml.EncodeBF16(dst, src)
	} else {
		ggml.EncodeF32(dst, src)
	}
}
