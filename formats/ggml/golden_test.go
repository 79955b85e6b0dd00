package ggml

import (
	"crypto/sha256"
	"fmt"
	"math"
	"testing"
)

// splitmix is the splitmix64 generator; its value is the seed.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform returns a multiple of 2^-24 in [0, 1).
func (s *splitmix) uniform() float64 { return float64(s.next()>>40) / (1 << 24) }

// The inputs of the golden values: bell-shaped weights, the same rounded to
// bfloat16, and rows of edge cases.
func inputA() []float32 {
	s := splitmix(1)
	x := make([]float32, 64*1024)
	for i := range x {
		u := s.uniform() + s.uniform() + s.uniform() + s.uniform()
		x[i] = float32((u - 2) * 0.05)
	}
	return x
}

func inputB() []float32 {
	x := inputA()
	b := encodeAll(EncodeBF16, x, 1, 2)
	DecodeBF16(x, b)
	return x
}

func inputE() []float32 {
	x := make([]float32, 10*1024)
	for i := range 1024 {
		x[1*1024+i] = 0.3
		x[2*1024+i] = -0.3
		x[3*1024+i] = float32(float64(i) / 1024)
		x[4*1024+i] = float32(float64(-i) / 1024)
		x[5*1024+i] = float32(i%2*2 - 1)
		x[7*1024+i] = float32(float64(i%7-3) * 1e-30)
		x[8*1024+i] = float32(float64(i%256-128) * 0.001)
	}
	for i := 0; i < 1024; i += 37 {
		x[6*1024+i] = 100
	}
	for i := 5; i < 1024; i += 41 {
		x[6*1024+i] = -0.001
	}
	x[9*1024+300] = 1
	return x
}

// goldens are hashes of what the C reference of ggml, compiled for x86-64
// without fused operations, encodes, and of what it decodes from that.
var goldens = []struct{ codec, input, encoded, decoded string }{
	{"F32", "A", "3b2a7fcfdd6a8622b6b0deed7126718bb69fdec2c8cb389e6cc21d20826bbcef", "3b2a7fcfdd6a8622b6b0deed7126718bb69fdec2c8cb389e6cc21d20826bbcef"},
	{"F32", "B", "71c50192832dac46ea1737d6dedca06e02bb435653895de4803de188b4ae4141", "71c50192832dac46ea1737d6dedca06e02bb435653895de4803de188b4ae4141"},
	{"F32", "E", "f2a19fcb788a022fa11c2aa7c86dcc1228c1e0ae53fcaad7d2b7b4221c21d52b", "f2a19fcb788a022fa11c2aa7c86dcc1228c1e0ae53fcaad7d2b7b4221c21d52b"},
	{"F16", "A", "53739d8ffaba370ef14f78852972150f7561cfb49cb9a0f71d4141683a09aa8d", "530b6feb1254c8e537889cf2e7af7d9c2e76f802f603397b5bdfa0f84068e162"},
	{"F16", "B", "3bed03b2b5136c573e834b307a7e7f82ac481f701cf01fa80807a05d10391e3d", "135ca1cbce6a414eb0aafa9122928ddd240125fb3041b7d1e9f9fe6bd8585416"},
	{"F16", "E", "8a56b03a90a9be24669a01de9966430f7b819cf13367d35039da4a5bac6cb4b9", "23585ef7781f22976e61bc1a41458fd5a001136cb14eb75f19cfc447f8b8a435"},
	{"BF16", "A", "da157155ba1f79e7db231049f6d60a5b0e03cc5a41b3951e706e0d38d495bdc2", "71c50192832dac46ea1737d6dedca06e02bb435653895de4803de188b4ae4141"},
	{"BF16", "B", "da157155ba1f79e7db231049f6d60a5b0e03cc5a41b3951e706e0d38d495bdc2", "71c50192832dac46ea1737d6dedca06e02bb435653895de4803de188b4ae4141"},
	{"BF16", "E", "30e65b9c99d718c04b436ab1728c389c9d8d76b6bda393d1ee21ac6c2921421c", "6af31a4ae3960f42a0f523b49fd3266458c1df1609d49b602c1010eb4aaf6ee7"},
	{"Q8_0", "A", "38aebec8491c2294a26b6292ea822d581719a1347bedd122bfa6842644b03bc5", "87b4771c69159a0f7a9f1332425f9075ea6d9aba169cf136cf8cd0ef61035620"},
	{"Q8_0", "B", "5c5a41adaa7a108056483af3d5f68079b8ec70253db011b350da012d4029343f", "c44b3e801195507d5077a209a290f81f561e75a087d40f994d447dfe144b165f"},
	{"Q8_0", "E", "52e0fa78ec70e06d618cc2706039aeb2f667c84200f56882fe4c89920e1e438b", "e29b378842c17e6951bdb7a197c12cf996b4c855e77ba7ad5a73efe9bc675376"},
}

func TestGoldens(t *testing.T) {
	inputs := map[string][]float32{"A": inputA(), "B": inputB(), "E": inputE()}
	for _, g := range goldens {
		for _, c := range codecs {
			if c.name != g.codec {
				continue
			}
			x := inputs[g.input]
			b := encodeAll(c.encode, x, c.elems, c.bytes)
			if got := sum(b); got != g.encoded {
				t.Errorf("%s of %s is %s, want %s", g.codec, g.input, got, g.encoded)
			}
			y := make([]float32, len(x))
			c.decode(y, b)
			if got := sum(encodeAll(EncodeF32, y, 1, 4)); got != g.decoded {
				t.Errorf("%s of %s decodes to %s, want %s", g.codec, g.input, got, g.decoded)
			}
		}
	}
}

func encodeAll(encode func([]byte, []float32), x []float32, elems, bytes int) []byte {
	b := make([]byte, len(x)/elems*bytes)
	encode(b, x)
	return b
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// Codecs work at any number of blocks, on each element by itself, and touch
// nothing beside the destination.
func TestLengths(t *testing.T) {
	special := []float32{0, 1, -2.5, 1e-6, 7e4, float32(math.Inf(-1)), 3e-8, 65504, 1e-40, float32(math.NaN()), 6.1e-5}
	for _, c := range codecs {
		for n := range 12 {
			x := make([]float32, n*c.elems)
			for i := range x {
				x[i] = special[i%len(special)]
			}
			dst := make([]byte, n*c.bytes+8)
			for i := range dst {
				dst[i] = 0xa5
			}
			c.encode(dst[:n*c.bytes:n*c.bytes], x)
			floats := make([]float32, n*c.elems+2)
			c.decode(floats[:n*c.elems:n*c.elems], dst[:n*c.bytes])
			for i := range n {
				one, back := make([]byte, c.bytes), make([]float32, c.elems)
				c.encode(one, x[i*c.elems:][:c.elems])
				c.decode(back, one)
				if string(one) != string(dst[i*c.bytes:][:c.bytes]) {
					t.Errorf("%s: block %d of %d is %x, want %x", c.name, i, n, dst[i*c.bytes:][:c.bytes], one)
				}
				for j, want := range back {
					if got := floats[i*c.elems+j]; math.Float32bits(got) != math.Float32bits(want) {
						t.Errorf("%s: element %d of %d is %v, want %v", c.name, i*c.elems+j, len(x), got, want)
					}
				}
			}
			if string(dst[n*c.bytes:]) != "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5" || floats[n*c.elems] != 0 || floats[n*c.elems+1] != 0 {
				t.Errorf("%s of %d blocks wrote beside its destination", c.name, n)
			}
		}
	}
}

// float64 values are rounded once, to nearest even.
func TestF64(t *testing.T) {
	for _, c := range []struct{ in, want float64 }{
		{1 + 0x1p-24, 1},
		{1 + 0x1p-24 + 0x1p-50, 1 + 0x1p-23},
		{1 + 3*0x1p-24, 1 + 2*0x1p-23},
		{1e39, math.Inf(1)},
		{-1e-60, math.Copysign(0, -1)},
		{0x1p-149, 0x1p-149},
		{0x1.8p-150, 0x1p-149},
	} {
		b := encodeF64(c.in)
		got := make([]float32, 1)
		DecodeF64(got, b)
		if float64(got[0]) != c.want || math.Signbit(float64(got[0])) != math.Signbit(c.want) {
			t.Errorf("%v is %v, want %v", c.in, got[0], c.want)
		}
	}
}

func encodeF64(x float64) []byte {
	b := math.Float64bits(x)
	return []byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24), byte(b >> 32), byte(b >> 40), byte(b >> 48), byte(b >> 56)}
}
