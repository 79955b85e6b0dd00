package ggml

import (
	"encoding/binary"
	"math"
	"testing"
)

// Kept never passes over a value that is lost, and stops only at a group with
// one, or at the end.
func TestKept(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-40, -0x1p-149, 1e5, 3.4e38, float32(math.Inf(-1)), float32(math.NaN())}
	s := splitmix(5)
	for _, c := range []struct {
		name     string
		encode   func([]byte, []float32)
		infinite uint16
	}{{"F16", EncodeF16, 0x7c00}, {"BF16", EncodeBF16, 0x7f80}} {
		for rare := range 2000 {
			x := make([]float32, s.next()%100)
			for i := range x {
				x[i] = float32(s.uniform() - 0.5)
				if r := s.next(); r%uint64(1+rare) == 0 {
					x[i] = special[r>>40%uint64(len(special))]
				}
				if rare%3 == 0 && i%64 >= 32 { // a row of padding
					x[i] = 0
				}
			}
			out := encodeAll(c.encode, x, 1, 2)
			first := len(x)
			for i, v := range x {
				if h := binary.LittleEndian.Uint16(out[2*i:]) & 0x7fff; h >= c.infinite || h == 0 && v != 0 {
					first = i
					break
				}
			}
			if got := Kept(out, x, c.infinite); got > first || got <= first-16 {
				t.Fatalf("%s: %d of %v, of which the first %d are kept", c.name, got, x, first)
			}
		}
	}
	if got := Kept(make([]byte, 200), make([]float32, 100), 0x7c00); got != 100 {
		t.Errorf("%d of 100 zeros", got)
	}
}
