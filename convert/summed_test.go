package convert

import (
	"bytes"
	"hash/crc32"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
)

func TestJoinCRC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		want := crc32.ChecksumIEEE(append(append([]byte{}, a...), b...))
		if got := joinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))); got != want {
			t.Fatalf("found %08x, want %08x", got, want)
		}
	})
	// A gibibyte of zeros at each end of the arithmetic.
	const n = 1 << 30
	h := crc32.NewIEEE()
	zeros := make([]byte, 1<<20)
	for range n >> 20 {
		h.Write(zeros)
	}
	if got, want := joinCRC(crc32.ChecksumIEEE([]byte("x")), h.Sum32(), n), crcAfter([]byte("x"), zeros, n>>20); got != want {
		t.Errorf("found %08x, want %08x", got, want)
	}
}

func crcAfter(first, rest []byte, times int) uint32 {
	sum := crc32.ChecksumIEEE(first)
	for range times {
		sum = crc32.Update(sum, crc32.IEEETable, rest)
	}
	return sum
}

// Whatever is read, in any order, at once, twice or not at all, the sum is that
// of the whole.
func TestSummed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "data")
		s := &summed{Data: bytes.NewReader(data), want: crc32.ChecksumIEEE(data)}
		type piece struct{ off, n int }
		var pieces []piece
		for range rapid.IntRange(1, 20).Draw(t, "reads") {
			off := rapid.IntRange(0, len(data)-1).Draw(t, "off")
			pieces = append(pieces, piece{off, rapid.IntRange(0, len(data)+5).Draw(t, "n")})
		}
		var wg sync.WaitGroup
		for _, p := range pieces {
			wg.Go(func() { s.ReadAt(make([]byte, p.n), int64(p.off)) })
		}
		wg.Wait()
		for i := 1; i < len(s.runs); i++ {
			if s.runs[i-1].hi >= s.runs[i].lo {
				t.Fatalf("runs %v are not apart", s.runs)
			}
		}
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSummedDamaged(t *testing.T) {
	s := &summed{Data: bytes.NewReader([]byte("abc")), want: 1, tensor: formats.Tensor{Origin: formats.Origin{Name: "w", File: "f"}}}
	if err := s.check(); err != nil {
		t.Errorf("nothing was read, found %v", err)
	}
	s.ReadAt(make([]byte, 2), 1)
	err := s.check()
	if err == nil || !strings.HasPrefix(err.Error(), `f: tensor "w": found content of CRC-32 352441c2, expected 00000001`) {
		t.Errorf("found %v", err)
	}
}
