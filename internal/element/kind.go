package element

import (
	"encoding/binary"
	"math"

	"olmotool/formats"
	"olmotool/formats/ggml"
)

// Kind is how the elements of a type are read.
type Kind struct {
	Width int // bytes
	// Zero has the bits of an element that are all clear in a zero; none if the
	// type has no zero.
	Zero uint64
	// Normal is the smallest magnitude that is not denormal; 0 for integers.
	Normal float64
	// Value is what the bits of an element stand for; an integer beyond 2^53 is
	// rounded.
	Value func(bits uint64) float64
}

var kinds = map[formats.DType]*Kind{
	formats.F64:  {8, 1<<63 - 1, 0x1p-1022, math.Float64frombits},
	formats.F32:  {4, 1<<31 - 1, 0x1p-126, func(b uint64) float64 { return float64(math.Float32frombits(uint32(b))) }},
	formats.BF16: {2, 1<<15 - 1, 0x1p-126, func(b uint64) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }},
	formats.F16:  {2, 1<<15 - 1, 0x1p-14, func(b uint64) float64 { return float64(ggml.F16ToF32(uint16(b))) }},

	formats.F8E5M2:     {1, 0x7f, 0x1p-14, float8{exponent: 5, bias: 15, infinite: true}.value},
	formats.F8E4M3:     {1, 0x7f, 0x1p-6, float8{exponent: 4, bias: 7}.value},
	formats.F8E5M2FNUZ: {1, 0xff, 0x1p-15, float8{exponent: 5, bias: 16, oneZero: true}.value},
	formats.F8E4M3FNUZ: {1, 0xff, 0x1p-7, float8{exponent: 4, bias: 8, oneZero: true}.value},
	formats.F8E8M0:     {1, 0, 0x1p-127, scale},

	formats.I64:  {8, math.MaxUint64, 0, func(b uint64) float64 { return float64(int64(b)) }},
	formats.U64:  {8, math.MaxUint64, 0, func(b uint64) float64 { return float64(b) }},
	formats.I32:  {4, math.MaxUint32, 0, func(b uint64) float64 { return float64(int32(b)) }},
	formats.U32:  {4, math.MaxUint32, 0, func(b uint64) float64 { return float64(b) }},
	formats.I16:  {2, math.MaxUint16, 0, func(b uint64) float64 { return float64(int16(b)) }},
	formats.U16:  {2, math.MaxUint16, 0, func(b uint64) float64 { return float64(b) }},
	formats.I8:   {1, math.MaxUint8, 0, func(b uint64) float64 { return float64(int8(b)) }},
	formats.U8:   {1, math.MaxUint8, 0, func(b uint64) float64 { return float64(b) }},
	formats.Bool: {1, math.MaxUint8, 0, func(b uint64) float64 { return float64(min(b, 1)) }},
}

// Of returns how elements of that type are read: of all plain types of whole
// bytes but the complex ones.
func Of(d formats.DType) (*Kind, bool) {
	k, ok := kinds[d]
	return k, ok
}

// Plain returns t, or what a quantised tensor that can be decoded is as F32.
func Plain(t formats.Tensor) (formats.Tensor, error) {
	if t.DType.IsBlock() && formats.CanCast(t.DType, formats.F32) {
		return formats.Cast(t, formats.F32, nil)
	}
	return t, nil
}

// Load returns the bits of the first element of b.
func (k *Kind) Load(b []byte) uint64 {
	switch k.Width {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// scale is the value of F8_E8M0, a power of two: "OCP Microscaling Formats (MX)
// Specification", 5.4.1.
func scale(b uint64) float64 {
	if b == 0xff {
		return math.NaN()
	}
	return math.Ldexp(1, int(b)-127)
}

// float8 is a layout of sign, exponent and fraction in a byte: those of "OCP
// 8-bit Floating Point Specification" and, with one zero and NaN in the place of
// the other, of "8-bit Numerical Formats for Deep Neural Networks" (Noune and
// others, 2022).
type float8 struct {
	exponent, bias int
	infinite       bool // the top exponent is infinity and NaN, as in IEEE 754
	oneZero        bool // 0x80 is NaN, and nothing else is
}

func (f float8) value(b uint64) float64 {
	fraction := 7 - f.exponent
	e, m := int(b&0x7f)>>fraction, int(b)&(1<<fraction-1)
	sign := float64(1 - 2*int(b>>7))
	switch {
	case f.oneZero:
		if b == 0x80 {
			return math.NaN()
		}
	case f.infinite && e == 1<<f.exponent-1 && m == 0:
		return math.Inf(int(sign))
	case f.infinite && e == 1<<f.exponent-1, !f.infinite && b&0x7f == 0x7f:
		return math.NaN()
	}
	if e == 0 {
		e = 1 // denormal
	} else {
		m += 1 << fraction
	}
	return math.Copysign(math.Ldexp(float64(m), e-f.bias-fraction), sign)
}
