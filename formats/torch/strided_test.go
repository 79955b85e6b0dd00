package torch

import (
	"bytes"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// TestStrided compares every read with one element at a time.
func TestStrided(t *testing.T) {
	storage := make([]byte, 300<<10)
	for i := range storage {
		storage[i] = byte(i*7 + i>>8)
	}
	rapid.Check(t, func(t *rapid.T) {
		elem := rapid.SampledFrom([]int64{1, 2, 4, 8, 16}).Draw(t, "elem")
		room := int64(len(storage)) / elem
		offset := rapid.Int64Range(0, 100).Draw(t, "offset")
		last := offset
		var shape, strides []int64
		count := int64(1)
		for range rapid.IntRange(0, 4).Draw(t, "rank") {
			n := rapid.Int64Range(1, 40).Draw(t, "n")
			if count*n > 5000 {
				n = 1
			}
			most := int64(1)
			if n > 1 {
				most = (room - 1 - last) / (n - 1)
			}
			step := rapid.OneOf(rapid.Int64Range(0, min(most, 3)), rapid.Int64Range(0, min(most, 5000))).Draw(t, "stride")
			last += (n - 1) * step
			count *= n
			shape, strides = append(shape, n), append(strides, step)
		}
		want := make([]byte, 0, count*elem)
		index := make([]int64, len(shape))
		for range count {
			at := offset
			for k, i := range index {
				at += i * strides[k]
			}
			want = append(want, storage[at*elem:(at+1)*elem]...)
			for k := len(index) - 1; k >= 0; k-- {
				if index[k]++; index[k] < shape[k] {
					break
				}
				index[k] = 0
			}
		}
		s := newStrided(io.NewSectionReader(bytes.NewReader(storage), 0, int64(len(storage))), offset, elem, shape, strides)
		if s.Size() != int64(len(want)) {
			t.Fatalf("size %d, expected %d", s.Size(), len(want))
		}
		check := func(lo, hi int) {
			p := make([]byte, hi-lo)
			if n, err := s.ReadAt(p, int64(lo)); n != len(p) || err != nil || !bytes.Equal(p, want[lo:hi]) {
				t.Fatalf("shape %v strides %v: read [%d,%d): %d, %v", shape, strides, lo, hi, n, err)
			}
		}
		check(0, len(want))
		for range 5 {
			lo := rapid.IntRange(0, len(want)-1).Draw(t, "lo")
			check(lo, rapid.IntRange(lo+1, len(want)).Draw(t, "hi"))
		}
	})
}

// TestStridedShort: a storage that ends too early is an error, not a panic.
func TestStridedShort(t *testing.T) {
	s := newStrided(io.NewSectionReader(bytes.NewReader(make([]byte, 10)), 0, 24), 0, 4, []int64{3, 2}, []int64{1, 3})
	if _, err := s.ReadAt(make([]byte, 24), 0); err == nil {
		t.Error("no error")
	}
}

func BenchmarkTransposed(b *testing.B) {
	const n = 2048
	storage := make([]byte, n*n*2)
	s := newStrided(io.NewSectionReader(bytes.NewReader(storage), 0, n*n*2), 0, 2, []int64{n, n}, []int64{1, n})
	p := make([]byte, 1<<20)
	b.SetBytes(n * n * 2)
	for b.Loop() {
		for off := int64(0); off < s.Size(); off += int64(len(p)) {
			if _, err := s.ReadAt(p, off); err != nil && err != io.EOF {
				b.Fatal(err)
			}
		}
	}
}
