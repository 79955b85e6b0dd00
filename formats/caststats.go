package formats

import (
	"encoding/binary"
	"math"
	"sync/atomic"

	"olmotool/formats/ggml"
)

// CastStats counts what a cast could not keep. Its fields may be read once the
// bytes have been; every element that is read is counted, so read them once.
type CastStats struct {
	Overflow  atomic.Int64 // finite values that became infinite, or share a block with one that is not finite
	Underflow atomic.Int64 // non-zero values that became zero
	NaN       atomic.Int64 // values that are NaN
}

// tally is what one read adds to a CastStats.
type tally struct{ over, under, nan int64 }

// count adds to the statistics what became of in, as the floats of mid, in out.
// There is something to lose on the way from F64, to the half types and to the
// half-precision scales of Q8_0; that Q8_0 makes small values zero is its
// rounding.
func (c *cast) count(in []byte, mid []float32, out []byte) {
	if c.stats == nil {
		return
	}
	var n tally
	if c.from == F64 {
		n.widths(in, mid)
	}
	switch c.to {
	case F16:
		n.halves(mid, out, 0x7c00)
	case BF16:
		n.halves(mid, out, 0x7f80)
	case Q8_0:
		n.blocks(mid, out)
	}
	if n != (tally{}) {
		c.stats.Overflow.Add(n.over)
		c.stats.Underflow.Add(n.under)
		c.stats.NaN.Add(n.nan)
	}
}

// widths counts what float64 values lost as float32.
func (n *tally) widths(in []byte, mid []float32) {
	for i, y := range mid {
		x := math.Float64frombits(binary.LittleEndian.Uint64(in[8*i:]))
		switch {
		case math.IsInf(float64(y), 0) && !math.IsInf(x, 0):
			n.over++
		case y == 0 && x != 0:
			n.under++
		}
	}
}

// halves counts what float32 values lost as 16-bit floats, in which infinity is
// the magnitude infinite.
func (n *tally) halves(mid []float32, out []byte, infinite uint16) {
	for {
		k := ggml.Kept(out, mid, infinite)
		mid, out = mid[k:], out[2*k:]
		if len(mid) == 0 {
			return
		}
		k = min(len(mid), 16)
		for i, x := range mid[:k] {
			n.half(x, binary.LittleEndian.Uint16(out[2*i:])&0x7fff, infinite)
		}
		mid, out = mid[k:], out[2*k:]
	}
}

// half counts what became of x as the magnitude h.
func (n *tally) half(x float32, h, infinite uint16) {
	switch {
	case h > infinite:
		n.nan++
	case h == infinite && !math.IsInf(float64(x), 0):
		n.over++
	case h == 0 && x != 0:
		n.under++
	}
}

// blocks counts what float32 values lost as Q8_0: a scale that is not finite
// takes its whole block along.
func (n *tally) blocks(mid []float32, out []byte) {
	for ; len(mid) > 0; mid, out = mid[Q8_0.BlockElems():], out[Q8_0.BlockBytes():] {
		if binary.LittleEndian.Uint16(out)&0x7c00 != 0x7c00 {
			continue
		}
		for _, x := range mid[:Q8_0.BlockElems()] {
			switch {
			case x != x:
				n.nan++
			case !math.IsInf(float64(x), 0):
				n.over++
			}
		}
	}
}
