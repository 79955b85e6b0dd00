package weights

import (
	"encoding/binary"
	"math"
	"sync/atomic"

	"olmotool/formats"
	"olmotool/internal/element"
)

// tally counts the values of a tensor that are no numbers. It may be added to
// from several goroutines, for different elements.
type tally struct {
	nan, inf atomic.Int64
	first    atomic.Int64 // index of the first, plus 1; 0: none
}

func (t *tally) any() bool { return t.first.Load() != 0 }

func (t *tally) add(index int64, nan bool, n int64) {
	if nan {
		t.nan.Add(n)
	} else {
		t.inf.Add(n)
	}
	lower(&t.first, index+1)
}

// lower sets v to x if it is 0 or more than x.
func lower(v *atomic.Int64, x int64) {
	for {
		old := v.Load()
		if old != 0 && old <= x || v.CompareAndSwap(old, x) {
			return
		}
	}
}

// scales says where in a block of a quantised type its half-precision scales lie:
// what ggml looks at when it checks a tensor. A block whose scale is no number
// has none.
var scales = map[formats.DType][]int{
	formats.Q4_0: {0}, formats.Q4_1: {0, 2}, formats.Q5_0: {0}, formats.Q5_1: {0, 2}, formats.Q8_0: {0},
	formats.Q2_K: {80, 82}, formats.Q3_K: {108}, formats.Q4_K: {0, 2}, formats.Q5_K: {0, 2}, formats.Q6_K: {208},
	formats.IQ2_XXS: {0}, formats.IQ2_XS: {0}, formats.IQ2_S: {0}, formats.IQ3_XXS: {0}, formats.IQ3_S: {0},
	formats.IQ1_S: {0}, formats.IQ4_NL: {0}, formats.IQ4_XS: {0}, formats.TQ1_0: {52}, formats.TQ2_0: {64},
	formats.Q1_0: {0}, formats.Q2_0: {0},
}

// scan adds to the tally what is no number in b, whole blocks from element lo on.
func (t *tally) scan(d formats.DType, b []byte, lo int64) {
	switch d {
	case formats.F16:
		t.scan16(b, lo, element.InfF16)
	case formats.BF16:
		t.scan16(b, lo, element.InfBF16)
	case formats.F32:
		for i := 0; i < len(b); i += 4 {
			if m := binary.LittleEndian.Uint32(b[i:]) &^ (1 << 31); m >= element.InfF32 {
				t.add(lo+int64(i/4), m > element.InfF32, 1)
			}
		}
	case formats.F64:
		for i := 0; i < len(b); i += 8 {
			if m := binary.LittleEndian.Uint64(b[i:]) &^ (1 << 63); m >= element.InfF64 {
				t.add(lo+int64(i/8), m > element.InfF64, 1)
			}
		}
	default:
		t.scanBlocks(d, b, lo)
	}
}

// scan16 takes four values at a time: added to what infinity lacks to the top
// bit, a magnitude reaches that bit when it is no number.
func (t *tally) scan16(b []byte, lo int64, infinite uint16) {
	const top = 0x8000_8000_8000_8000
	lack := 0x0001_0001_0001_0001 * uint64(0x8000-infinite)
	i := 0
	for ; len(b)-i >= 32; i += 32 {
		p := (*[32]byte)(b[i:])
		x0, x1 := binary.LittleEndian.Uint64(p[0:]), binary.LittleEndian.Uint64(p[8:])
		x2, x3 := binary.LittleEndian.Uint64(p[16:]), binary.LittleEndian.Uint64(p[24:])
		if ((x0&^top+lack)|(x1&^top+lack)|(x2&^top+lack)|(x3&^top+lack))&top != 0 {
			t.slow16(b[i:i+32], lo+int64(i/2), infinite)
		}
	}
	t.slow16(b[i:], lo+int64(i/2), infinite)
}

func (t *tally) slow16(b []byte, lo int64, infinite uint16) {
	for i := 0; i < len(b); i += 2 {
		if m := binary.LittleEndian.Uint16(b[i:]) &^ (1 << 15); m >= infinite {
			t.add(lo+int64(i/2), m > infinite, 1)
		}
	}
}

// scanBlocks counts all values of a block whose scale is no number.
func (t *tally) scanBlocks(d formats.DType, b []byte, lo int64) {
	at, size, elems := scales[d], int(d.BlockBytes()), d.BlockElems()
	if len(at) == 0 {
		return
	}
	for ; len(b) > 0; b, lo = b[size:], lo+elems {
		nan, inf := false, false
		for _, k := range at {
			m := binary.LittleEndian.Uint16(b[k:]) &^ (1 << 15)
			nan, inf = nan || m > element.InfF16, inf || m == element.InfF16
		}
		if nan || inf {
			t.add(lo, nan, elems)
		}
	}
}

// watched is the data of a tensor that tallies what passes by: whole blocks, each
// once.
type watched struct {
	formats.Data
	d formats.DType
	t *tally
}

func (w watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Data.ReadAt(p, off)
	w.t.scan(w.d, p[:n], off/w.d.BlockBytes()*w.d.BlockElems())
	return n, err
}

// isNaN reports whether the bits of an element of a plain type are a NaN.
func isNaN(d formats.DType, bits uint64) bool {
	switch d {
	case formats.F16:
		return bits&^(1<<15) > element.InfF16
	case formats.BF16:
		return bits&^(1<<15) > element.InfBF16
	case formats.F32:
		return bits&^(1<<31) > element.InfF32
	case formats.F64:
		return math.IsNaN(math.Float64frombits(bits))
	}
	return false
}
