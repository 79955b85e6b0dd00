package ggml

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// peers are float32 bits with what numpy makes of them as half and gguf-py as
// bfloat16 (testdata/peers.py).
var peers = []struct {
	f         uint32
	f16, bf16 uint16
}{
	{0x7f800001, 0x7c01, 0x7fc0},
	{0x7f801fff, 0x7c01, 0x7fc0},
	{0x7f802000, 0x7c01, 0x7fc0},
	{0x7fa00000, 0x7d00, 0x7fe0},
	{0x7fbfffff, 0x7dff, 0x7fff},
	{0x7fc00000, 0x7e00, 0x7fc0},
	{0x7fc00001, 0x7e00, 0x7fc0},
	{0x7fc02000, 0x7e01, 0x7fc0},
	{0x7fffffff, 0x7fff, 0x7fff},
	{0xff800001, 0xfc01, 0xffc0},
	{0xffbfe000, 0xfdff, 0xffff},
	{0xffc00000, 0xfe00, 0xffc0},
	{0xffffffff, 0xffff, 0xffff},
	{0x7f800000, 0x7c00, 0x7f80},
	{0xff800000, 0xfc00, 0xff80},
	{0x00000000, 0x0000, 0x0000},
	{0x80000000, 0x8000, 0x8000},
	{0x00000001, 0x0000, 0x0000},
	{0x807fffff, 0x8000, 0x8080},
	{0x00800000, 0x0000, 0x0080},
	{0x32ffffff, 0x0000, 0x3300},
	{0x33000000, 0x0000, 0x3300},
	{0x33000001, 0x0001, 0x3300},
	{0xb3000001, 0x8001, 0xb300},
	{0x33bfffff, 0x0001, 0x33c0},
	{0x33c00000, 0x0002, 0x33c0},
	{0x33c00001, 0x0002, 0x33c0},
	{0x387fc000, 0x03ff, 0x3880},
	{0x387fdfff, 0x03ff, 0x3880},
	{0x387fe000, 0x0400, 0x3880},
	{0x387fefff, 0x0400, 0x3880},
	{0x387ff000, 0x0400, 0x3880},
	{0x38800000, 0x0400, 0x3880},
	{0x3f801000, 0x3c00, 0x3f80},
	{0x3f801001, 0x3c01, 0x3f80},
	{0x3f802fff, 0x3c01, 0x3f80},
	{0x3f803000, 0x3c02, 0x3f80},
	{0x3f808000, 0x3c04, 0x3f80},
	{0x3f808001, 0x3c04, 0x3f81},
	{0x3f817fff, 0x3c0c, 0x3f81},
	{0x3f818000, 0x3c0c, 0x3f82},
	{0x477fe000, 0x7bff, 0x4780},
	{0x477fefff, 0x7bff, 0x4780},
	{0x477ff000, 0x7c00, 0x4780},
	{0xc77ff000, 0xfc00, 0xc780},
	{0x47800000, 0x7c00, 0x4780},
	{0x7f7f7fff, 0x7c00, 0x7f7f},
	{0x7f7f8000, 0x7c00, 0x7f80},
	{0x7f7fffff, 0x7c00, 0x7f80},
}

// numpy leaves a signalling NaN signalling, with the payload cut off or 1.
// Here it becomes quiet, as in hardware and in torch.
func TestF32ToF16Peers(t *testing.T) {
	for _, p := range peers {
		want := p.f16
		if x := p.f & absBits; x > infBits && x < quietNaN {
			want = p.f16&0xfc00 | 0x200 | uint16(p.f>>13&0x3ff)
		}
		if got := F32ToF16(math.Float32frombits(p.f)); got != want {
			t.Errorf("%08x is %04x, want %04x", p.f, got, want)
		}
	}
}

// All halves, against the definition of the format and against numpy.
func TestF16ToF32(t *testing.T) {
	all := sha256.New()
	for h := range 1 << 16 {
		got := F16ToF32(uint16(h))
		binary.Write(all, binary.LittleEndian, got)
		if exp, frac := h>>10&0x1f, h&0x3ff; exp == 0x1f && frac != 0 {
			if want := uint32(h&0x8000)<<16 | infBits | uint32(frac)<<13; math.Float32bits(got) != want {
				t.Errorf("NaN %04x is %08x, want %08x", h, math.Float32bits(got), want)
			}
		} else if want := halfValue(h); float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want) {
			t.Errorf("%04x is %v, want %v", h, got, want)
		}
	}
	if got := fmt.Sprintf("%x", all.Sum(nil)); got != "f4fdd084f85448d28c84f20fabf4022ba938e40b7f382d2727dec6f41ac6267a" {
		t.Errorf("SHA-256 of all %s differs from numpy's", got)
	}
}

// halfValue is the value of a half that is no NaN.
func halfValue(h int) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exp, frac := h>>10&0x1f, float64(h&0x3ff)
	switch exp {
	case 0:
		return sign * frac * 0x1p-24
	case 0x1f:
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1+frac/1024, exp-15)
}

// All halves come back, but for NaN becoming quiet.
func TestF16RoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		want := uint16(h)
		if h&0x7fff > 0x7c00 {
			want |= 0x200
		}
		if got := F32ToF16(F16ToF32(uint16(h))); got != want {
			t.Errorf("%04x came back as %04x, want %04x", h, got, want)
		}
	}
}

// Half way between each two halves, and one float32 to either side.
func TestF32ToF16Ties(t *testing.T) {
	for h := range 0x7c00 {
		low, high := halfValue(h), halfValue(h+1)
		if h+1 == 0x7c00 {
			high = 65536 // where the next one would be, were it not infinite
		}
		mid := math.Float32bits(float32((low + high) / 2))
		even := h + h&1
		for _, x := range []struct {
			bits uint32
			want int
		}{{mid - 1, h}, {mid, even}, {mid + 1, h + 1}} {
			for _, sign := range []uint32{0, 1 << 31} {
				want := uint16(x.want) | uint16(sign>>16)
				if got := F32ToF16(math.Float32frombits(x.bits | sign)); got != want {
					t.Errorf("%08x is %04x, want %04x", x.bits|sign, got, want)
				}
			}
		}
	}
}

// Any float32, against rounding in float64.
func TestF32ToF16Random(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1 << 20 {
		x := math.Float32frombits(r.Uint32())
		if r.IntN(2) == 0 { // around the range of halves
			x = math.Float32frombits(r.Uint32()&0x83ffffff | uint32(0x60+r.IntN(0x32))<<23)
		}
		if x != x {
			continue
		}
		_, e := math.Frexp(float64(x)) // |x| in [2^(e-1), 2^e)
		unit := math.Ldexp(1, max(e-1, -14)-10)
		want := math.RoundToEven(float64(x)/unit) * unit
		if math.Abs(want) >= 65536 {
			want = math.Copysign(math.Inf(1), want)
		}
		if got := halfValue(int(F32ToF16(x))); got != want || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("%v is %v, want %v", x, got, want)
		}
	}
}
