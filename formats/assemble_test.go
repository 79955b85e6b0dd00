package formats

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// cut parts a box along random planes.
func cut(t *rapid.T, off, size []int64) [][2][]int64 {
	for k := range size {
		if size[k] > 1 && rapid.IntRange(0, 2).Draw(t, "cut") == 0 {
			at := rapid.Int64Range(0, size[k]).Draw(t, "at")
			a, b := append([]int64{}, size...), append([]int64{}, size...)
			o := append([]int64{}, off...)
			a[k], b[k] = at, size[k]-at
			o[k] += at
			return append(cut(t, off, a), cut(t, o, b)...)
		}
	}
	return [][2][]int64{{off, size}}
}

// part returns the bytes of a box of a tensor, element by element.
func part(whole []byte, width int64, shape, off, size []int64) []byte {
	var out []byte
	step := inner(shape)
	var walk func(k int, at int64)
	walk = func(k int, at int64) {
		if k == len(shape) {
			out = append(out, whole[at*width:(at+1)*width]...)
			return
		}
		for i := range size[k] {
			walk(k+1, at+(off[k]+i)*step[k])
		}
	}
	walk(0, 0)
	return out
}

// However a tensor is cut, and whatever range is read, the bytes are its own.
func TestAssemble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]DType{U8, BF16, F32}).Draw(t, "type")
		shape := rapid.SliceOfN(rapid.Int64Range(0, 7), 0, 4).Draw(t, "shape")
		size, err := BytesOf(d, shape)
		if err != nil {
			t.Fatal(err)
		}
		whole := make([]byte, size)
		for i := range whole {
			whole[i] = byte(i*7 + i>>8)
		}
		var chunks []Chunk
		for _, b := range cut(t, make([]int64, len(shape)), shape) {
			x, err := NewTensor("part", d, b[1], bytes.NewReader(part(whole, d.BlockBytes(), shape, b[0], b[1])))
			if err != nil {
				t.Fatal(err)
			}
			chunks = append(chunks, Chunk{b[0], x})
		}
		chunks = rapid.Permutation(chunks).Draw(t, "order")
		x, err := Assemble("x", d, shape, chunks)
		if err != nil {
			t.Fatal(err)
		}
		lo := rapid.Int64Range(0, size).Draw(t, "lo")
		hi := rapid.Int64Range(lo, size).Draw(t, "hi")
		got := make([]byte, hi-lo)
		if err := ReadFull(x.Data, got, lo); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole[lo:hi]) {
			t.Fatalf("[%d, %d): found %x, want %x", lo, hi, got, whole[lo:hi])
		}
		if size == 0 {
			return
		}
		// One that is left out, or there twice, is missed.
		i := rapid.IntRange(0, len(chunks)-1).Draw(t, "which")
		if chunks[i].Tensor.Elements() == 0 {
			return
		}
		if _, err := Assemble("x", d, shape, append(chunks[:i:i], chunks[i+1:]...)); err == nil {
			t.Fatal("a hole was not found")
		}
		if _, err := Assemble("x", d, shape, append(chunks[:len(chunks):len(chunks)], chunks[i])); err == nil {
			t.Fatal("an overlap was not found")
		}
	})
}

func TestAssembleRefuses(t *testing.T) {
	zeros := func(d DType, shape ...int64) Tensor {
		n, err := BytesOf(d, shape)
		if err != nil {
			t.Fatal(err)
		}
		x, err := NewTensor("part", d, shape, bytes.NewReader(make([]byte, n)))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	at := func(x Tensor, off ...int64) Chunk { return Chunk{off, x} }
	for _, c := range []struct {
		want   string
		d      DType
		shape  []int64
		chunks []Chunk
	}{
		{"found chunks with 4 elements, expected 8, those of [4 2]: there are none for rows [1, 2), [3, 4)", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 1, 2), 2, 0), at(zeros(F32, 1, 2), 0, 0)}},
		{"found chunks with 0 elements, expected 1, those of []", F32, nil, nil},
		{"found chunks with 6 elements, expected 8, those of [4 2]", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 4, 1), 0, 0), at(zeros(F32, 2, 1), 0, 1)}},
		{"found the chunks [2 2] at [0 0] and [2 2] at [1 0], expected chunks that do not overlap", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 2, 2), 0, 0), at(zeros(F32, 2, 2), 1, 0)}},
		{"found a chunk [2 2] at [3 0], expected one within [4 2]", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 2, 2), 3, 0)}},
		{"found a chunk [2 2] at [-1 0], expected one within [4 2]", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 2, 2), -1, 0)}},
		{"found a chunk [4] at [0], expected 2 dimensions", F32, []int64{4, 2}, []Chunk{at(zeros(F32, 4), 0)}},
		{"found a chunk of BF16, expected F32", F32, []int64{2}, []Chunk{at(zeros(BF16, 2), 0)}},
		{"found chunks of Q8_0, expected a type whose elements can be parted", Q8_0, []int64{32}, nil},
	} {
		_, err := Assemble("x", c.d, c.shape, c.chunks)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
}
