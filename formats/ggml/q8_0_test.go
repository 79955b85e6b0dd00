package ggml

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"
)

// What gguf-py 0.19.0 makes of blocks(); see testdata/peers.py.
var q8Peers = []struct{ name, input, output string }{
	{"bits", "c93a67099b24bb6a95deff71deaf0430fa5128ac3af45b06392c65ea568e9e7b", "d9d0175af9aab2c2ebabfd83526b9868cc65efd23db4333891506cf6736044f6"},
	{"bf16", "0c40170714f99fa86d5dfc0502802b8e653e6468c3b05fcdde48ea40ea67dd4a", "056e78c5af461176a57b01d366450ad99db594e10c161ad2bb2ae4b2f1d3917c"},
	{"ties", "7bde086858189f7768982d86aee8fb1bb03eb356af7cc850acede2652e5be8a6", "58348d69acf45c77a0129476177254f3bd5ee293044b5694d97b3d4dc3c5c4fa"},
}

// blocks returns 4096 blocks: any finite bits, the same as bfloat16, and blocks
// in which everything but one element is half way between two quants.
func blocks(name string) []float32 {
	s := splitmix(1)
	x := make([]float32, 4096*32)
	for i := range x {
		r := s.next()
		bits := uint32(r >> 32)
		if bits&infBits == infBits {
			bits &^= 1 << 23
		}
		switch name {
		case "bits":
			x[i] = math.Float32frombits(bits)
		case "bf16":
			x[i] = math.Float32frombits(bits & 0xffff0000)
		case "ties":
			v := float64(r>>40%254) - 126.5
			if i%32 == 7 {
				v = 127
			}
			x[i] = float32(math.Ldexp(v, i/32%200-110))
		}
	}
	return x
}

func TestEncodeQ8_0Peer(t *testing.T) {
	for _, p := range q8Peers {
		x := blocks(p.name)
		if got := sum(encodeAll(EncodeF32, x, 1, 4)); got != p.input {
			t.Errorf("%s: the input is %s, want %s", p.name, got, p.input)
		}
		if got := sum(encodeAll(EncodeQ8_0, x, 32, 34)); got != p.output {
			t.Errorf("%s: %s, want %s", p.name, got, p.output)
		}
	}
}

// Blocks that are not finite, or whose scale is not a normal number, as gguf-py
// writes them.
func TestEncodeQ8_0Special(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	signalling := math.Float32frombits(0xffa00001)
	ramp := func(changes map[int]float32) []float32 {
		x := make([]float32, 32)
		for i := range x {
			x[i] = float32(i) / 8
		}
		for i, v := range changes {
			x[i] = v
		}
		return x
	}
	all := func(v float32) []float32 {
		x := make([]float32, 32)
		for i := range x {
			x[i] = v
		}
		return x
	}
	for _, c := range []struct {
		name string
		x    []float32
		want string // the first bytes; zeros follow
	}{
		{"a NaN", ramp(map[int]float32{5: nan}), "007e"},
		{"NaN last", ramp(map[int]float32{31: nan}), "007e"},
		{"signalling NaN", ramp(map[int]float32{5: signalling}), "007e"},
		{"all NaN", all(nan), "007e"},
		{"an infinity", ramp(map[int]float32{5: inf}), "007c"},
		{"a negative infinity", ramp(map[int]float32{31: -inf}), "007c"},
		{"NaN and infinity", ramp(map[int]float32{3: nan, 9: inf}), "007e"},
		{"scale too large for a half", ramp(map[int]float32{2: 3.4e38}), "007c00007f"},
		{"scale just too large", ramp(map[int]float32{2: -8.4e6}), "007c000081"},
		{"1/d is infinite", all(1e-45), ""},
		{"negative, 1/d is infinite", all(-3e-39), ""},
		{"d is subnormal", all(-3e-37), ""},
		{"negative zeros", all(float32(math.Copysign(0, -1))), ""},
	} {
		want := make([]byte, 34)
		if _, err := hex.Decode(want, []byte(c.want)); err != nil {
			t.Fatal(err)
		}
		if got := encodeAll(EncodeQ8_0, c.x, 32, 34); string(got) != string(want) {
			t.Errorf("%s: %x, want %x", c.name, got, want)
		}
	}
}

// Each half from 0.5 to 126.5, some float32 to either side, and numbers near 0.
func TestRoundHalfAway(t *testing.T) {
	check := func(bits uint32) {
		x := float64(math.Float32frombits(bits))
		for _, x := range []float64{x, -x} {
			if got, want := int8(roundHalfAway(float32(x))), int8(math.Round(x)); got != want {
				t.Errorf("%v (%08x) is rounded to %d, want %d", x, bits, got, want)
			}
		}
	}
	for k := range 127 {
		mid := math.Float32bits(float32(k) + 0.5)
		for bits := mid - 8; bits <= mid+8; bits++ {
			check(bits)
		}
	}
	for bits := uint32(0); bits < math.Float32bits(127.5); bits += 9973 {
		check(bits)
	}
}

func TestDecodeQ8_0(t *testing.T) {
	block := make([]byte, 34)
	binary.LittleEndian.PutUint16(block, 0xb801) // -0.50048828125
	for i := range 32 {
		block[2+i] = byte(i*9 + 117)
	}
	got := make([]float32, 32)
	DecodeQ8_0(got, block)
	for i, x := range got {
		if want := float32(int8(i*9+117)) * -0.50048828125; x != want {
			t.Errorf("element %d is %v, want %v", i, x, want)
		}
	}
}
