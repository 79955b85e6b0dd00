package stats

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// maxTracked is how many rows or columns of a matrix are kept track of: one bit
// each. The largest vocabularies have a quarter of a million rows.
const maxTracked = 4 << 20

// dead finds the rows and columns of a matrix that are all zero. What is not,
// shows it soon: a row by its first elements, and after a few rows no column is
// left to look at.
type dead struct {
	rows, cols         int64
	liveRows, liveCols []uint64     // bits, set atomically
	pending            atomic.Int64 // columns that are not known to be live
}

// newDead returns nil where there is nothing to find, or too much.
func newDead(shape []int64, k *kind) *dead {
	if len(shape) < 2 || k.Zero == 0 {
		return nil
	}
	d := &dead{rows: 1, cols: shape[len(shape)-1]}
	for _, n := range shape[:len(shape)-1] {
		d.rows *= n
	}
	if d.rows < 1 || d.cols < 1 || d.rows > maxTracked || d.cols > maxTracked {
		return nil
	}
	d.liveRows = make([]uint64, (d.rows+63)/64)
	d.liveCols = make([]uint64, (d.cols+63)/64)
	d.pending.Store(d.cols)
	return d
}

// see looks at the elements b, of which the first is element first.
func (d *dead) see(first int64, b []byte, k *kind) {
	r, c := first/d.cols, first%d.cols
	for len(b) > 0 {
		n := min(int64(len(b)/k.Width), d.cols-c)
		row := b[:n*int64(k.Width)]
		if w, bit := &d.liveRows[r/64], uint64(1)<<(r%64); atomic.LoadUint64(w)&bit == 0 && !allZero(row, k) {
			atomic.OrUint64(w, bit)
		}
		if d.pending.Load() > 0 {
			d.columns(c, c+n, row, k)
		}
		b, r, c = b[len(row):], r+1, 0
	}
}

// columns looks at the elements of one row in columns [lo, hi).
func (d *dead) columns(lo, hi int64, row []byte, k *kind) {
	for i := lo / 64; i*64 < hi; i++ {
		base := i * 64
		todo := ^atomic.LoadUint64(&d.liveCols[i])
		if base < lo {
			todo &= ^uint64(0) << (lo - base)
		}
		if hi-base < 64 {
			todo &= 1<<(hi-base) - 1
		}
		found := uint64(0)
		for ; todo != 0; todo &= todo - 1 {
			j := base + int64(bits.TrailingZeros64(todo)) - lo
			if k.Load(row[j*int64(k.Width):])&k.Zero != 0 {
				found |= todo & -todo
			}
		}
		if found != 0 {
			old := atomic.OrUint64(&d.liveCols[i], found)
			d.pending.Add(-int64(bits.OnesCount64(found &^ old)))
		}
	}
}

// count returns what was found, after all elements were seen.
func (d *dead) count() *Dead {
	r := &Dead{}
	r.Rows, r.FirstRow = clear64(d.liveRows, d.rows)
	r.Columns, r.FirstColumn = clear64(d.liveCols, d.cols)
	return r
}

// clear64 counts the clear bits among the first n, and returns the first or -1.
func clear64(words []uint64, n int64) (count, first int64) {
	first = -1
	for i := range n {
		if words[i/64]>>(i%64)&1 == 0 {
			if count++; first < 0 {
				first = i
			}
		}
	}
	return count, first
}

// allZero reports whether all elements of b are zero.
func allZero(b []byte, k *kind) bool {
	mask := k.Zero
	for w := 8 * k.Width; w < 64; w *= 2 {
		mask |= mask << w
	}
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&mask != 0 {
			return false
		}
	}
	for ; len(b) > 0; b = b[k.Width:] {
		if k.Load(b)&k.Zero != 0 {
			return false
		}
	}
	return true
}
