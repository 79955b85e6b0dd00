package ggml

import (
	"encoding/binary"
	"math"
	"testing"
)

// encodeOneBF16 encodes x in the place in a group of four that i says, beside
// ones, so that both loops of the encoder are used.
func encodeOneBF16(x float32, i int) uint16 {
	src := []float32{1, 1, 1, 1, 1}
	src[i%5] = x
	dst := make([]byte, 10)
	EncodeBF16(dst, src)
	return binary.LittleEndian.Uint16(dst[i%5*2:])
}

func TestEncodeBF16Peers(t *testing.T) {
	for i, p := range peers {
		if got := encodeOneBF16(math.Float32frombits(p.f), i); got != p.bf16 {
			t.Errorf("%08x is %04x, want %04x", p.f, got, p.bf16)
		}
	}
}

// All patterns are the upper halves of what they decode to, and come back, but
// for NaN becoming quiet.
func TestBF16RoundTrip(t *testing.T) {
	src := make([]byte, 2<<16)
	for h := range 1 << 16 {
		binary.LittleEndian.PutUint16(src[2*h:], uint16(h))
	}
	floats := make([]float32, 1<<16)
	DecodeBF16(floats, src)
	back := make([]byte, len(src))
	EncodeBF16(back, floats)
	for h, x := range floats {
		if got := math.Float32bits(x); got != uint32(h)<<16 {
			t.Errorf("%04x is %08x", h, got)
		}
		want := uint16(h)
		if h&0x7fff > 0x7f80 {
			want |= 0x40
		}
		if got := binary.LittleEndian.Uint16(back[2*h:]); got != want {
			t.Errorf("%04x came back as %04x, want %04x", h, got, want)
		}
	}
}

// Half way between each two patterns, and one float32 to either side.
func TestEncodeBF16Ties(t *testing.T) {
	for h := range uint32(0x7f80) {
		for _, x := range []struct{ bits, want uint32 }{
			{h<<16 | 0x7fff, h}, {h<<16 | 0x8000, h + h&1}, {h<<16 | 0x8001, h + 1},
		} {
			for _, sign := range []uint32{0, 1 << 31} {
				want := uint16(x.want | sign>>16)
				if got := encodeOneBF16(math.Float32frombits(x.bits|sign), int(h)); got != want {
					t.Errorf("%08x is %04x, want %04x", x.bits|sign, got, want)
				}
			}
		}
	}
}
