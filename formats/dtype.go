package formats

import (
	"fmt"
	"math/bits"
	"strings"
)

// DType is the element type of a tensor. The zero value is invalid.
//
// Elements are stored in blocks: a block of BlockElems elements takes
// BlockBytes bytes. For the plain types a block is one element; the sub-byte
// types pack several into whole bytes, and the block-quantised types of GGUF
// have a scale in each block.
type DType uint8

// The plain types, in the order of the safetensors reference implementation,
// which sorts by it when writing.
const (
	InvalidDType DType = iota
	Bool
	F4
	F6E2M3
	F6E3M2
	U8
	I8
	F8E5M2
	F8E4M3
	F8E8M0
	F8E4M3FNUZ
	F8E5M2FNUZ
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	C64
	F64
	I64
	U64

	// Types that torch has and safetensors does not.
	C32
	C128

	// The block-quantised types of GGUF.
	Q4_0
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	Q8_1
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	Q8_K
	IQ2_XXS
	IQ2_XS
	IQ3_XXS
	IQ1_S
	IQ4_NL
	IQ3_S
	IQ2_S
	IQ4_XS
	IQ1_M
	TQ1_0
	TQ2_0
	MXFP4
	NVFP4
	Q1_0
	Q2_0

	numDTypes
)

// dtypes is the one table of element types. Names of plain types are those of
// safetensors, names of block types those of ggml.
var dtypes = [numDTypes]struct {
	name  string
	elems int64 // elements in a block
	bytes int64 // bytes in a block
}{
	InvalidDType: {"invalid", 1, 0},

	Bool:       {"BOOL", 1, 1},
	F4:         {"F4", 2, 1},
	F6E2M3:     {"F6_E2M3", 4, 3},
	F6E3M2:     {"F6_E3M2", 4, 3},
	U8:         {"U8", 1, 1},
	I8:         {"I8", 1, 1},
	F8E5M2:     {"F8_E5M2", 1, 1},
	F8E4M3:     {"F8_E4M3", 1, 1},
	F8E8M0:     {"F8_E8M0", 1, 1},
	F8E4M3FNUZ: {"F8_E4M3FNUZ", 1, 1},
	F8E5M2FNUZ: {"F8_E5M2FNUZ", 1, 1},
	I16:        {"I16", 1, 2},
	U16:        {"U16", 1, 2},
	F16:        {"F16", 1, 2},
	BF16:       {"BF16", 1, 2},
	I32:        {"I32", 1, 4},
	U32:        {"U32", 1, 4},
	F32:        {"F32", 1, 4},
	C64:        {"C64", 1, 8},
	F64:        {"F64", 1, 8},
	I64:        {"I64", 1, 8},
	U64:        {"U64", 1, 8},

	C32:  {"C32", 1, 4},
	C128: {"C128", 1, 16},

	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	Q8_1:    {"Q8_1", 32, 36},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	Q8_K:    {"Q8_K", 256, 292},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	IQ1_M:   {"IQ1_M", 256, 56},
	TQ1_0:   {"TQ1_0", 256, 54},
	TQ2_0:   {"TQ2_0", 256, 66},
	MXFP4:   {"MXFP4", 32, 17},
	NVFP4:   {"NVFP4", 64, 36},
	Q1_0:    {"Q1_0", 128, 18},
	Q2_0:    {"Q2_0", 64, 18},
}

// String returns the name by which the type is known: safetensors' spelling
// for plain types ("BF16", "F8_E4M3"), ggml's for block types ("Q4_K").
func (d DType) String() string {
	if d >= numDTypes {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Valid reports whether d is one of the types of this package.
func (d DType) Valid() bool { return d > InvalidDType && d < numDTypes }

// BlockElems returns how many elements are stored together; 1 for plain types.
func (d DType) BlockElems() int64 { return dtypes[d].elems }

// BlockBytes returns how many bytes a block takes.
func (d DType) BlockBytes() int64 { return dtypes[d].bytes }

// IsFloat reports whether d is one of the plain floating-point types that
// [Cast] reads and writes: F64, F32, F16, BF16.
func (d DType) IsFloat() bool { return d == F64 || d == F32 || d == F16 || d == BF16 }

// IsBlock reports whether d is a block-quantised type of GGUF.
func (d DType) IsBlock() bool { return d >= Q4_0 && d < numDTypes }

// Bytes returns the number of bytes that n elements take. It fails when n is
// negative, does not fill whole blocks, or when the product overflows.
func (d DType) Bytes(n int64) (int64, error) {
	if !d.Valid() {
		return 0, fmt.Errorf("invalid dtype %d", uint8(d))
	}
	e, b := d.BlockElems(), d.BlockBytes()
	if n < 0 {
		return 0, fmt.Errorf("negative element count %d", n)
	}
	if n%e != 0 {
		return 0, fmt.Errorf("%d elements of %s do not fill whole blocks of %d", n, d, e)
	}
	return MulChecked(n/e, b)
}

// ParseDType returns the type of that name, in any case.
func ParseDType(name string) (DType, error) {
	for d := InvalidDType + 1; d < numDTypes; d++ {
		if strings.EqualFold(dtypes[d].name, name) {
			return d, nil
		}
	}
	return InvalidDType, fmt.Errorf("unknown dtype %q", name)
}

// MulChecked returns a·b for non-negative a and b, and an error when either is
// negative or the product does not fit.
func MulChecked(a, b int64) (int64, error) {
	if a < 0 || b < 0 {
		return 0, fmt.Errorf("negative factor in %d × %d", a, b)
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, fmt.Errorf("%d × %d overflows", a, b)
	}
	return int64(lo), nil
}

// AddChecked returns a+b for non-negative a and b, and an error when either is
// negative or the sum does not fit.
func AddChecked(a, b int64) (int64, error) {
	if a < 0 || b < 0 {
		return 0, fmt.Errorf("negative term in %d + %d", a, b)
	}
	if s := uint64(a) + uint64(b); s <= 1<<63-1 {
		return int64(s), nil
	}
	return 0, fmt.Errorf("%d + %d overflows", a, b)
}
