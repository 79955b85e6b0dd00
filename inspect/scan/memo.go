package scan

import "maps"

// memo is the memo of a pickle: nearly all writers number from 0.
type memo struct {
	near [][]operand // blocks of memoBlock
	n    int         // how many are in near
	far  map[uint32]operand
}

const memoBlock = 1 << 8

// clone returns a copy whose changes do not show in the other.
func (s *memo) clone() memo {
	c := memo{near: make([][]operand, len(s.near)), n: s.n, far: maps.Clone(s.far)}
	for i, b := range s.near {
		c.near[i] = append(make([]operand, 0, memoBlock), b...)
	}
	return c
}

func (s *memo) size() int { return s.n + len(s.far) }

// remember puts a value into the memo.
func (m *machine) remember(i uint64, o operand) {
	s := &m.memo
	switch {
	case i < uint64(s.n):
		s.near[i/memoBlock][i%memoBlock] = o
	case i > 0xffffffff:
		m.broken("found memo index %d, expected one of 32 bits", i)
	case s.size() >= maxMemo:
		m.broken("found more than %d memos, expected fewer", maxMemo)
	case i == uint64(s.n):
		if s.n%memoBlock == 0 {
			s.near = append(s.near, make([]operand, 0, memoBlock))
		}
		last := &s.near[len(s.near)-1]
		*last = append(*last, o)
		s.n++
	default:
		s.far[uint32(i)] = o
	}
}

// recall gets a value from the memo.
func (m *machine) recall(i uint64) operand {
	if i < uint64(m.memo.n) {
		return m.memo.near[i/memoBlock][i%memoBlock]
	}
	if o, ok := m.memo.far[uint32(i)]; ok && i <= 0xffffffff {
		return o
	}
	m.broken("found memo index %d, expected one that was put before", i)
	return operand{ref: -1}
}
