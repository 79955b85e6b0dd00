//go:build amd64 && !noasm

package ggml

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

// disableSIMD leaves everything to the twins until restore is called.
func disableSIMD() (restore func()) {
	before := simd
	simd = false
	return func() { simd = before }
}

// twinEncode and twinDecode are what codecs[c] does without kernels.
func twinEncode(c int, dst []byte, src []float32) {
	defer disableSIMD()()
	codecs[c].encode(dst, src)
}

func twinDecode(c int, dst []float32, src []byte) {
	defer disableSIMD()()
	codecs[c].decode(dst, src)
}

// The tests of the codecs hold for the twins.
func TestTwins(t *testing.T) {
	defer disableSIMD()()
	t.Run("Goldens", TestGoldens)
	t.Run("Lengths", TestLengths)
	t.Run("BF16RoundTrip", TestBF16RoundTrip)
	t.Run("EncodeBF16Ties", TestEncodeBF16Ties)
	t.Run("EncodeQ8_0Peer", TestEncodeQ8_0Peer)
	t.Run("EncodeQ8_0Special", TestEncodeQ8_0Special)
	t.Run("Kept", TestKept)
}

// sameEncoding and sameDecoding hold kernels and twins together, bit for bit.
func sameEncoding(t *testing.T, what string, x []float32) {
	t.Helper()
	for i, c := range codecs {
		x := x[:len(x)/c.elems*c.elems]
		got := bytes.Repeat([]byte{0xa5}, len(x)/c.elems*c.bytes)
		want := bytes.Clone(got)
		c.encode(got, x)
		twinEncode(i, want, x)
		if bytes.Equal(got, want) {
			continue
		}
		for k := 0; k < len(x)/c.elems; k++ {
			if g, w := got[k*c.bytes:][:c.bytes], want[k*c.bytes:][:c.bytes]; !bytes.Equal(g, w) {
				t.Fatalf("%s: %s of %x is %x, want %x", what, c.name, bits(x[k*c.elems:][:c.elems]), g, w)
			}
		}
	}
}

func sameDecoding(t *testing.T, what string, b []byte) {
	t.Helper()
	for i, c := range codecs {
		b := b[:len(b)/c.bytes*c.bytes]
		got, want := make([]float32, len(b)/c.bytes*c.elems), make([]float32, len(b)/c.bytes*c.elems)
		c.decode(got, b)
		twinDecode(i, want, b)
		for k := range got {
			if g, w := math.Float32bits(got[k]), math.Float32bits(want[k]); g != w {
				t.Fatalf("%s: %s of %x is %08x at %d, want %08x", what, c.name, b[k/c.elems*c.bytes:][:c.bytes], g, k, w)
			}
		}
	}
}

func bits(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
	}
	return b
}

// floats returns n values of the bits that next makes up.
func floats(n int, next func() uint32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(next())
	}
	return x
}

// All patterns of 16 bits, in order and each among ones; NaN of halves takes
// its way through the twin.
func TestKernelsAll16(t *testing.T) {
	all, among := make([]byte, 2<<16), make([]byte, 16<<16)
	for h := range 1 << 16 {
		binary.LittleEndian.PutUint16(all[2*h:], uint16(h))
		for k := range 8 {
			binary.LittleEndian.PutUint16(among[16*h+2*k:], 0x3c00)
		}
		binary.LittleEndian.PutUint16(among[16*h+h%8*2:], uint16(h))
	}
	sameDecoding(t, "all", all)
	sameDecoding(t, "among ones", among)
	x := make([]float32, 1<<16)
	DecodeBF16(x, all)
	sameEncoding(t, "all of BF16", x)
	DecodeF16(x, all)
	sameEncoding(t, "all of F16", x)
}

// Any bits: as they come, near the ties of both half types, and around the
// range of F16.
func TestKernelsRandom(t *testing.T) {
	s := splitmix(2)
	ends := [...]uint32{0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x7fff, 0x8000, 0x8001, 0xffff}
	for range 13 { // ten million values
		sameEncoding(t, "any", floats(1<<18, func() uint32 { return uint32(s.next()) }))
		sameEncoding(t, "ties", floats(1<<18, func() uint32 {
			r := s.next()
			return uint32(r)&^0xffff | ends[r>>32%uint64(len(ends))]
		}))
		sameEncoding(t, "halves", floats(1<<18, func() uint32 {
			r := s.next()
			return uint32(r)&0x83ffffff | uint32(0x60+r>>32%0x32)<<23
		}))
		b := make([]byte, 1<<18)
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], s.next())
		}
		sameDecoding(t, "any", b)
	}
}

// Blocks whose largest value is of each magnitude, with values next to ties,
// zeros of either sign, and some that are all zero or not finite.
func TestKernelsQ8_0(t *testing.T) {
	s := splitmix(3)
	for exp := range 255 {
		x := make([]float32, 64*32)
		for i := range x {
			r := s.next()
			tie := math.Float32bits(float32(int(r>>40%254)) - 126.5)
			v := math.Float32frombits(tie + uint32(r>>20%5) - 2)
			switch i / 32 % 64 {
			case 3:
				v = 0
			case 5:
				v = float32(math.Copysign(0, -1))
			case 9:
				if i%32 == int(r>>50%32) {
					v = float32(math.Inf(int(r&2) - 1))
				}
			case 11:
				if i%32 == int(r>>50%32) {
					v = math.Float32frombits(0x7f800001 | uint32(r)&^(1<<30-1))
				}
			}
			if i/32%2 == 0 && i%32 == int(r%32) {
				v = float32(127 * (int(r>>60&2) - 1))
			}
			x[i] = float32(math.Ldexp(float64(v), exp-134))
		}
		sameEncoding(t, "blocks", x)
	}
	for _, name := range []string{"bits", "bf16", "ties"} {
		sameEncoding(t, name, blocks(name))
	}
}
