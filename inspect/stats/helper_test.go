package stats

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/formats"
)

// tensorOf returns a tensor of these bytes.
func tensorOf(t testing.TB, d formats.DType, b []byte, shape ...int64) formats.Tensor {
	t.Helper()
	x, err := formats.NewTensor("x", d, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	x.Origin.File = "f"
	return x
}

func of(t testing.TB, x formats.Tensor, o Options) *Stats {
	t.Helper()
	s, err := Of(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encode writes values in a float type, truncated.
func encode(d formats.DType, vs ...float64) []byte {
	var b []byte
	for _, v := range vs {
		switch d {
		case formats.BF16:
			b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(float32(v))>>16))
		case formats.F32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		case formats.F64:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// normal returns the bytes of n elements with deviation 0.02.
func normal(d formats.DType, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	vs := make([]float64, n)
	for i := range vs {
		vs[i] = 0.02 * r.NormFloat64()
	}
	return encode(d, vs...)
}
