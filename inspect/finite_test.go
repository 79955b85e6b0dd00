package inspect

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// naive is look, an element after another in the arithmetic of the type.
func naive(d formats.DType, b []byte) (c counts) {
	size := int(d.BlockBytes())
	for i := 0; i+size <= len(b); i += size {
		var x float64
		switch e := b[i : i+size]; d {
		case formats.F64:
			x = math.Float64frombits(binary.LittleEndian.Uint64(e))
		case formats.F32:
			x = float64(math.Float32frombits(binary.LittleEndian.Uint32(e)))
		case formats.BF16:
			x = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(e)) << 16))
		default:
			x = float64(ggml.F16ToF32(binary.LittleEndian.Uint16(e)))
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			c.add(int64(i/size), math.IsNaN(x))
		}
	}
	return c
}

// The fast look counts what arithmetic does, whatever the bytes and wherever the
// value that is not finite stands.
func TestLook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]formats.DType{formats.F64, formats.F32, formats.BF16, formats.F16}).Draw(t, "type")
		size := int(d.BlockBytes())
		b := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "bytes")
		b = b[:len(b)/size*size]
		for i := range b { // finite, most of them
			if b[i] > 0x70 {
				b[i] &= 0x3b
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "bad") {
			if len(b) == 0 {
				break
			}
			i := rapid.IntRange(0, len(b)/size-1).Draw(t, "at") * size
			for j := range size {
				b[i+j] = 0xff
			}
			if rapid.Bool().Draw(t, "inf") {
				binary.LittleEndian.PutUint16(b[i+size-2:], uint16(floats[d].exponent>>(8*size-16))) // the rest is a fraction or zero
			}
		}
		if got, want := floats[d].look(b), naive(d, b); got != want {
			t.Fatalf("%s: found %+v, want %+v", d, got, want)
		}
	})
}

// A scale that is not finite is found in the blocks of every quantised type that
// can be decoded.
func TestScales(t *testing.T) {
	for d, offsets := range scales {
		for _, o := range offsets {
			b := make([]byte, 3*d.BlockBytes())
			at := 2*d.BlockBytes() + o
			b[at+1] = 0x7c
			if got, want := lookerOf(d)(b), (counts{inf: 1, first: 2 * d.BlockElems()}); got != want {
				t.Errorf("%s: found %+v, want %+v", d, got, want)
			}
			b[at] = 1
			if got := lookerOf(d)(b); got.nan != 1 || got.inf != 0 {
				t.Errorf("%s: found %+v", d, got)
			}
			if o+2 > d.BlockBytes() {
				t.Errorf("%s: a scale at %d of %d bytes", d, o, d.BlockBytes())
			}
		}
	}
}

func BenchmarkLook(b *testing.B) {
	buf := make([]byte, checkBuffer)
	for i := range buf {
		buf[i] = byte(i*7) & 0x3f
	}
	b.SetBytes(checkBuffer)
	for b.Loop() {
		floats[formats.BF16].look(buf)
	}
}
