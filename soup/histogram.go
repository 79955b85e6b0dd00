package soup

import "sync"

// histogram counts the keys of a sequence that begin with prefix by their next digit.
type histogram struct {
	mu          sync.Mutex
	sequence    int
	prefix      uint64
	below, bits uint
	cells       []cell
	zeros       int64
}

type cell struct {
	n   int64
	key uint64 // of all that were counted, or several
}

const several = 1 << 63 // not a key

func newHistogram(sequence int, prefix uint64, below, bits uint) *histogram {
	return &histogram{sequence: sequence, prefix: prefix, below: below, bits: bits, cells: make([]cell, 1<<bits)}
}

func (h *histogram) count(v []float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	above, mask := h.below+h.bits, uint64(1)<<h.bits-1
	cells := h.cells
	for _, x := range v {
		k := key(x)
		if k>>above != h.prefix {
			continue
		}
		if k == 0 {
			h.zeros++
		}
		c := &cells[k>>h.below&mask]
		if c.n == 0 {
			c.key = k
		} else if c.key != k {
			c.key = several
		}
		c.n++
	}
}
