package soup

import (
	"errors"
	"math/bits"
	"sync"
)

// maxCells is how many cells count the keys of a search.
const maxCells = 1 << 14

// window counts elements with keys from low to high.
type window struct {
	*search
	above, inside int64 // elements with larger keys, and those
	shift         uint  // keys that differ in lower bits only are in one cell
	mu            sync.Mutex
	cells         []cell // none for one key: it is counted in blocks
}

type cell struct {
	n   int64
	key uint64 // of all that were counted, or several
}

const several = 1 << 63 // not a key

func newWindow(x *search) *window {
	w := &window{search: x}
	if d := x.high - x.low; d > 0 {
		w.shift = uint(max(0, bits.Len64(d)-bits.Len64(maxCells-1)))
		w.cells = make([]cell, d>>w.shift+1)
	} else {
		x.blocks = []int64{}
	}
	return w
}

// count counts keys that are inside.
func (w *window) count(keys []uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		c := &w.cells[(k-w.low)>>w.shift]
		if c.n == 0 {
			c.key = k
		} else if c.key != k {
			c.key = several
		}
		c.n++
	}
}

var errFound = errors.New("all found")

// pass counts what is inside the windows of searches, and narrows them. If only
// the places of known keys are looked for, it ends when all are found.
func (s series) pass(open []*search) error {
	if len(open) == 0 {
		return nil
	}
	known := 0
	windows := make([]*window, len(open))
	for k, x := range open {
		windows[k] = newWindow(x)
		if x.equal > 0 {
			known++
		}
	}
	err := s.read(blocks(s.length, 1), func(int64) (see, func() error) {
		above, inside := make([]int64, len(windows)), make([]int64, len(windows))
		keys := make([]uint64, stretch+withinMore)
		return func(sequence int, v []float64, _ int64) {
				for k, w := range windows {
					if w.sequence != sequence {
						continue
					}
					in, more := within(keys, v, int64(w.low)-1, int64(w.high))
					above[k] += int64(more)
					inside[k] += int64(in)
					if w.cells != nil && in > 0 {
						w.count(keys[:in])
					}
				}
			}, func() error {
				found := 0
				for k, w := range windows {
					w.above += above[k]
					w.inside += inside[k]
					if w.cells == nil {
						w.blocks = append(w.blocks, inside[k])
					}
					if w.equal > 0 && w.inside >= w.rank {
						found++
					}
				}
				if known == len(windows) && found == known {
					return errFound
				}
				return nil
			}
	})
	if err != nil && !errors.Is(err, errFound) {
		return err
	}
	for _, w := range windows {
		if w.equal == 0 && !w.narrow() || w.equal > 0 && w.blocks != nil && w.inside < w.rank {
			return s.changed
		}
	}
	return nil
}

// narrow makes the search sure of its keys, and of fewer of them. It fails if
// counts contradict what is known.
func (w *window) narrow() bool {
	switch {
	case w.sure && w.rank > w.inside:
		return false
	case w.sure:
	case w.rank <= w.above:
		w.low, w.high, w.blocks, w.sure = w.high+1, maxKey, nil, true
		return true
	case w.rank > w.above+w.inside && w.low == 0:
		return false
	case w.rank > w.above+w.inside:
		w.rank -= w.above + w.inside
		w.low, w.high, w.blocks, w.sure = 0, w.low-1, nil, true
		return true
	default:
		w.rank, w.sure = w.rank-w.above, true
	}
	if w.cells == nil {
		w.equal = w.inside
		return true
	}
	d := len(w.cells) - 1
	for ; w.rank > w.cells[d].n; d-- {
		w.rank -= w.cells[d].n
	}
	c := w.cells[d]
	if c.key != several {
		w.low, w.high, w.equal = c.key, c.key, c.n
		return true
	}
	w.low += uint64(d) << w.shift
	w.high = min(w.high, w.low+1<<w.shift-1)
	return true
}
