package weights

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/formats"
)

// noise is a tensor of normal values, in memory.
func noise(t testing.TB, seed uint64, d formats.DType, shape ...int64) formats.Tensor {
	t.Helper()
	n, err := formats.ElementsOf(shape)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64() / 50
	}
	return tensor(t, d, shape, v)
}

// tensor is a tensor of these values, in memory.
func tensor(t testing.TB, d formats.DType, shape []int64, v []float64) formats.Tensor {
	t.Helper()
	b := make([]byte, 8*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(x))
	}
	x, err := formats.NewTensor("x", formats.F64, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if x, err = formats.Cast(x, d, nil); err != nil {
		t.Fatal(err)
	}
	return stored(t, x)
}

// stored reads a tensor into memory.
func stored(t testing.TB, x formats.Tensor) formats.Tensor {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	x.Data = bytes.NewReader(b)
	return x
}

func reader(b []byte) *bytes.Reader { return bytes.NewReader(b) }

// patched is the data of a tensor with other bytes somewhere.
func patched(t testing.TB, x formats.Tensor, off int, b []byte) formats.Data {
	t.Helper()
	all := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, all, 0); err != nil {
		t.Fatal(err)
	}
	copy(all[off:], b)
	return reader(all)
}

// cutTo is a tensor of U8 with the first n bytes of another.
func cutTo(x formats.Tensor, n int64) formats.Tensor {
	x.DType, x.Shape = formats.U8, []int64{n}
	x.Data = io.NewSectionReader(x.Data, 0, n)
	return x
}
