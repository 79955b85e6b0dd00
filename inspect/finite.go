package inspect

import (
	"encoding/binary"

	"olmotool/formats"
)

// counts is how many elements are not finite; first is the index of the first of
// them, and means nothing if there is none.
type counts struct{ nan, inf, first int64 }

func (c *counts) merge(o counts) {
	if o.nan+o.inf == 0 {
		return
	}
	if c.nan+c.inf == 0 || o.first < c.first {
		c.first = o.first
	}
	c.nan += o.nan
	c.inf += o.inf
}

func (c *counts) add(i int64, nan bool) {
	one := counts{first: i}
	if nan {
		one.nan = 1
	} else {
		one.inf = 1
	}
	c.merge(one)
}

// floatBits is where an IEEE type has its exponent, all ones of which is what
// makes a value NaN or infinite, and its fraction, which tells the two apart.
type floatBits struct {
	size               int
	exponent, fraction uint64
}

var floats = map[formats.DType]floatBits{
	formats.F64:    {8, 0x7ff0_0000_0000_0000, 0x000f_ffff_ffff_ffff},
	formats.F32:    {4, 0x7f80_0000, 0x007f_ffff},
	formats.BF16:   {2, 0x7f80, 0x007f},
	formats.F16:    {2, 0x7c00, 0x03ff},
	formats.F8E5M2: {1, 0x7c, 0x03},
}

// scales is where the blocks of a quantised type have their f16 scales: offsets of
// bytes (ggml's ggml-common.h). All other parts of a block are integers.
var scales = map[formats.DType][]int64{
	formats.Q4_0: {0}, formats.Q4_1: {0, 2}, formats.Q5_0: {0}, formats.Q5_1: {0, 2}, formats.Q8_0: {0}, formats.Q8_1: {0, 2},
	formats.Q2_K: {80, 82}, formats.Q3_K: {108}, formats.Q4_K: {0, 2}, formats.Q5_K: {0, 2}, formats.Q6_K: {208},
	formats.IQ2_XXS: {0}, formats.IQ2_XS: {0}, formats.IQ2_S: {0}, formats.IQ3_XXS: {0}, formats.IQ3_S: {0},
	formats.IQ1_S: {0}, formats.IQ4_NL: {0}, formats.IQ4_XS: {0}, formats.TQ1_0: {52}, formats.TQ2_0: {64},
}

// lookerOf returns what counts the elements of whole blocks of a type that are not
// finite; nil for a type of which it is not known.
func lookerOf(d formats.DType) func(b []byte) counts {
	if f, ok := floats[d]; ok {
		return f.look
	}
	if offsets, ok := scales[d]; ok {
		return func(b []byte) counts { return lookAtScales(b, d, offsets) }
	}
	return nil
}

// look counts, after a fast look whether there is anything to count.
func (f floatBits) look(b []byte) (c counts) {
	const stride = 4096
	for at := 0; at < len(b); at += stride {
		part := b[at:min(at+stride, len(b))]
		if f.allFinite(part) {
			continue
		}
		for i := 0; i+f.size <= len(part); i += f.size {
			if v := word(part[i : i+f.size]); v&f.exponent == f.exponent {
				c.add(int64((at+i)/f.size), v&f.fraction != 0)
			}
		}
	}
	return c
}

// allFinite looks at eight bytes at a time: one added to the lowest bit of an
// exponent carries into the sign, which was cleared, only if all of it is ones.
func (f floatBits) allFinite(b []byte) bool {
	var exponent, lowest, sign uint64
	for i := 0; i < 64; i += 8 * f.size {
		exponent |= f.exponent << i
		lowest |= (f.exponent & -f.exponent) << i
		sign |= 1 << (i + 8*f.size - 1)
	}
	var acc uint64
	for ; len(b) >= 32; b = b[32:] {
		acc |= binary.LittleEndian.Uint64(b)&exponent + lowest
		acc |= binary.LittleEndian.Uint64(b[8:])&exponent + lowest
		acc |= binary.LittleEndian.Uint64(b[16:])&exponent + lowest
		acc |= binary.LittleEndian.Uint64(b[24:])&exponent + lowest
	}
	for ; len(b) >= f.size; b = b[f.size:] {
		acc |= word(b[:f.size])&exponent + lowest
	}
	return acc&sign == 0
}

// word reads a little-endian number of up to eight bytes.
func word(b []byte) (v uint64) {
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// lookAtScales counts blocks with a scale that is not finite: none of a block's
// elements is finite then.
func lookAtScales(b []byte, d formats.DType, offsets []int64) (c counts) {
	size, half := d.BlockBytes(), floats[formats.F16]
	for at := int64(0); at+size <= int64(len(b)); at += size {
		for _, o := range offsets {
			if v := uint64(binary.LittleEndian.Uint16(b[at+o:])); v&half.exponent == half.exponent {
				c.add(at/size*d.BlockElems(), v&half.fraction != 0)
				break
			}
		}
	}
	return c
}
