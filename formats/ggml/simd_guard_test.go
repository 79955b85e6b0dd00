//go:build amd64 && !noasm

package ggml

import (
	"bytes"
	"math"
	"testing"
)

// At any length and alignment nothing beside the destination changes.
func TestKernelsGuards(t *testing.T) {
	s := splitmix(4)
	const guard = 64
	for i, c := range codecs {
		for blocks := range 3*group + 3 {
			x := floats(blocks*c.elems+1, func() uint32 { return uint32(s.next()) })
			n := blocks * c.bytes
			for shift := range 3 {
				got, want := bytes.Repeat([]byte{0xa5}, n+2*guard), bytes.Repeat([]byte{0xa5}, n+2*guard)
				c.encode(got[guard+shift:guard+shift+n], x[1:])
				twinEncode(i, want[guard+shift:guard+shift+n], x[1:])
				if !bytes.Equal(got, want) {
					t.Fatalf("%s: encoding %d blocks at %d: %x, want %x", c.name, blocks, shift, got, want)
				}
				f, g := make([]float32, len(x)+guard), make([]float32, len(x)+guard)
				c.decode(f[shift:shift+blocks*c.elems], got[guard+shift:])
				twinDecode(i, g[shift:shift+blocks*c.elems], got[guard+shift:])
				if string(encodeAll(EncodeF32, f, 1, 4)) != string(encodeAll(EncodeF32, g, 1, 4)) {
					t.Fatalf("%s: decoding %d blocks at %d differs", c.name, blocks, shift)
				}
			}
		}
	}
}

// Rows of zeros, of either sign, do not hold the kernel up.
func TestKernelKeptZeros(t *testing.T) {
	if !simd {
		return
	}
	x := floats(64, func() uint32 { return 0 })
	for i := range x[:32] {
		x[i] = float32(math.Copysign(0, -1))
	}
	if got := keptAVX2(encodeAll(EncodeF16, x, 1, 2), x, 0x7c00); got != len(x) {
		t.Errorf("%d of %d", got, len(x))
	}
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte("\x00\x00\x80\x3f\x01\x00\xc0\x7f"), uint8(12))
	f.Add(bytes.Repeat([]byte{0, 0xfc, 1, 0x7c}, 20), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, times uint8) {
		b = bytes.Repeat(b, 1+int(times)%64)
		sameDecoding(t, "bytes", b)
		x := make([]float32, len(b)/4)
		DecodeF32(x, b)
		sameEncoding(t, "floats", x)
	})
}
