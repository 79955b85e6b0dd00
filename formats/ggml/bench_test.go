package ggml

import (
	"math/rand/v2"
	"testing"
)

// Benchmarks work on 32 Ki elements, the piece in which tensors are cast, with
// the spread of a trained weight.
const benchElems = 32 << 10

func benchFloats() []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, benchElems)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 0.02)
	}
	return x
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range codecs {
		b.Run(c.name, func(b *testing.B) {
			src, dst := benchFloats(), make([]byte, benchElems/c.elems*c.bytes)
			for b.Loop() {
				c.encode(dst, src)
			}
			report(b)
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range codecs {
		b.Run(c.name, func(b *testing.B) {
			src, dst := make([]byte, benchElems/c.elems*c.bytes), make([]float32, benchElems)
			c.encode(src, benchFloats())
			for b.Loop() {
				c.decode(dst, src)
			}
			report(b)
		})
	}
}

func report(b *testing.B) {
	b.ReportMetric(float64(b.N)*benchElems/b.Elapsed().Seconds()/1e6, "Melem/s")
	b.ReportMetric(0, "ns/op")
}

// codecs are the codecs of the package, with the elements and bytes of a block.
var codecs = []struct {
	name         string
	elems, bytes int
	encode       func([]byte, []float32)
	decode       func([]float32, []byte)
}{
	{"F64", 1, 8, EncodeF64, DecodeF64},
	{"F32", 1, 4, EncodeF32, DecodeF32},
	{"F16", 1, 2, EncodeF16, DecodeF16},
	{"BF16", 1, 2, EncodeBF16, DecodeBF16},
	{"Q8_0", 32, 34, EncodeQ8_0, DecodeQ8_0},
}
