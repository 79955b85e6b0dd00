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
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"

	"olmotool/formats"
)

// Options of the distribution, both finite. The zero value gives zeros.
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
	for _, x := range []float32{o.Mean, o.Std} {
		if math.IsInf(float64(x), 0) || x != x {
			return nil, fmt.Errorf("random tensor %q: found %g in the options, expected finite numbers", name, x)
		}
	}
	g := newGenerator(seed, name, o)
	if d == formats.BF16 {
		return &source{g.bf16, 2, size / 2}, nil
	}
	f32 := formats.Tensor{Name: name, DType: formats.F32, Shape: []int64{n}, Data: &source{g.f32, 4, size}}
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
	h.Write([]byte(name))
	return generator{
		key:   mix(mix(seed+golden) ^ h.Sum64()),
		scale: float32(float64(o.Std) / math.Sqrt((1<<32-1)/3.0)),
		mean:  o.Mean,
	}
}

// at returns the element whose hash is mix(z).
func (g generator) at(z uint64) float32 {
	h := mix(z)
	h = h&0x0000ffff0000ffff + h>>16&0x0000ffff0000ffff // two sums of two fields
	s := int32(uint32(h)+uint32(h>>32)) - 131070
	return float32(float32(s)*g.scale) + g.mean
}

// f32 writes elements first, first+1, … as float32.
func (g generator) f32(dst []byte, first int64) {
	z := g.key + uint64(first)*golden
	for ; len(dst) >= 4; dst = dst[4:] {
		z += golden
		binary.LittleEndian.PutUint32(dst, math.Float32bits(g.at(z)))
	}
}

// bf16 writes elements first, first+1, … as bfloat16, rounded to nearest even;
// there is no NaN among them.
func (g generator) bf16(dst []byte, first int64) {
	z := g.key + uint64(first)*golden
	for ; len(dst) >= 2; dst = dst[2:] {
		z += golden
		b := math.Float32bits(g.at(z))
		binary.LittleEndian.PutUint16(dst, uint16((b+0x7fff+b>>16&1)>>16))
	}
}

// source is the bytes of the elements as float32, or as bfloat16 without the
// detour through float32, because benchmarks feed on it.
type source struct {
	write func(dst []byte, first int64) // whole elements
	width int64                         // bytes of an element
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
	// A range may begin and end inside an element.
	done := 0
	if skip := off % s.width; skip != 0 && len(p) > 0 {
		done = copy(p, s.element(off / s.width)[skip:])
	}
	first := (off + int64(done)) / s.width
	whole := (len(p) - done) / int(s.width) * int(s.width)
	s.write(p[done:done+whole], first)
	if done += whole; done < len(p) {
		copy(p[done:], s.element((off+int64(done))/s.width))
	}
	return len(p), eof
}

func (s *source) element(i int64) []byte {
	b := make([]byte, s.width)
	s.write(b, i)
	return b
}
