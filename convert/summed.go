package convert

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"olmotool/formats"
)

// summed is the Data of a tensor that computes the CRC-32 of what is read, in
// whatever order and however often.
type summed struct {
	formats.Data
	tensor formats.Tensor
	want   uint32

	mu   sync.Mutex
	runs []run // sorted, apart from each other or not yet joined
}

// run is bytes [lo, hi) that were read; sum is theirs once done is set.
type run struct {
	lo, hi int64
	sum    uint32
	done   bool
}

func (s *summed) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.Data.ReadAt(p, off)
	for _, r := range s.claim(off, off+int64(n)) {
		r.sum = crc32.ChecksumIEEE(p[r.lo-off : r.hi-off])
		s.finish(r)
	}
	return n, err
}

// claim enters the parts of [lo, hi) that nobody has claimed before, and
// returns them.
func (s *summed) claim(lo, hi int64) []run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []run
	i, _ := slices.BinarySearchFunc(s.runs, lo, func(r run, lo int64) int {
		if r.hi <= lo {
			return -1
		}
		return 1
	})
	for ; lo < hi; i++ {
		next := hi
		if i < len(s.runs) {
			next = min(hi, max(lo, s.runs[i].lo))
		}
		if lo < next {
			r := run{lo: lo, hi: next}
			fresh = append(fresh, r)
			s.runs = slices.Insert(s.runs, i, r)
		}
		lo = s.runs[i].hi
	}
	return fresh
}

// finish enters the sum of a claimed run and joins it with its neighbours.
func (s *summed) finish(r run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearchFunc(s.runs, r.lo, func(r run, lo int64) int { return cmp.Compare(r.lo, lo) })
	r.done = true
	s.runs[i] = r
	for _, k := range []int{i, i - 1} {
		if k < 0 || k+1 >= len(s.runs) {
			continue
		}
		a, b := s.runs[k], s.runs[k+1]
		if a.done && b.done && a.hi == b.lo {
			s.runs[k] = run{a.lo, b.hi, joinCRC(a.sum, b.sum, b.hi-b.lo), true}
			s.runs = slices.Delete(s.runs, k+1, k+2)
		}
	}
}

// checkBytes is how much of what was left out is read at a time.
const checkBytes = 1 << 20

// check compares the sum of the tensor, if it was read, after reading what was
// left out.
func (s *summed) check() error {
	if len(s.runs) == 0 {
		return nil
	}
	buf := make([]byte, checkBytes)
	for off := int64(0); len(s.runs) > 1 || s.runs[0].hi-s.runs[0].lo < s.Size(); off += checkBytes {
		if err := formats.ReadFull(s, buf[:min(checkBytes, s.Size()-off)], off); err != nil {
			return fmt.Errorf("tensor %q: %w", s.tensor.Name, err)
		}
	}
	if sum := s.runs[0].sum; sum != s.want {
		return formats.Errorf(s.tensor.Origin.File, fmt.Sprintf("tensor %q", s.tensor.Origin.Name),
			"found content of CRC-32 %08x, expected %08x, which was written with it: the file is damaged", sum, s.want)
	}
	return nil
}

// joinCRC returns the CRC-32 of two runs of bytes end to end, the second n
// bytes long. A CRC is a remainder of polynomials over GF(2), so what follows
// multiplies the first by x^(8n).
func joinCRC(a, b uint32, n int64) uint32 {
	shift, power := uint32(1)<<31, uint32(1)<<23 // 1 and x^8, bits reflected
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			shift = mulCRC(shift, power)
		}
		power = mulCRC(power, power)
	}
	return mulCRC(a, shift) ^ b
}

// mulCRC multiplies two polynomials modulo that of the CRC, bits reflected.
func mulCRC(a, b uint32) uint32 {
	var p uint32
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			p ^= b
		}
		odd := b & 1
		b >>= 1
		b ^= crc32.IEEE & -odd
	}
	return p
}
