package gguf

import (
	"fmt"

	"olmotool/formats"
)

// types has the element type of each tensor type id. Ids are never reused: the
// holes are types that the format once had.
var types = [...]formats.DType{
	0:  formats.F32,
	1:  formats.F16,
	2:  formats.Q4_0,
	3:  formats.Q4_1,
	6:  formats.Q5_0,
	7:  formats.Q5_1,
	8:  formats.Q8_0,
	9:  formats.Q8_1,
	10: formats.Q2_K,
	11: formats.Q3_K,
	12: formats.Q4_K,
	13: formats.Q5_K,
	14: formats.Q6_K,
	15: formats.Q8_K,
	16: formats.IQ2_XXS,
	17: formats.IQ2_XS,
	18: formats.IQ3_XXS,
	19: formats.IQ1_S,
	20: formats.IQ4_NL,
	21: formats.IQ3_S,
	22: formats.IQ2_S,
	23: formats.IQ4_XS,
	24: formats.I8,
	25: formats.I16,
	26: formats.I32,
	27: formats.I64,
	28: formats.F64,
	29: formats.IQ1_M,
	30: formats.BF16,
	34: formats.TQ1_0,
	35: formats.TQ2_0,
	39: formats.MXFP4,
	40: formats.NVFP4,
	41: formats.Q1_0,
	42: formats.Q2_0,
}

// removed names the types that the format once had.
var removed = map[uint32]string{
	4: "Q4_2", 5: "Q4_3",
	31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8",
	36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
}

// TypeID returns the id by which GGUF knows d, and false if it does not.
func TypeID(d formats.DType) (uint32, bool) {
	for id, t := range types {
		if t == d && d != formats.InvalidDType {
			return uint32(id), true
		}
	}
	return 0, false
}

// DTypeOf returns the element type of a tensor type id. The error for an id
// that is not in use says whether it ever was.
func DTypeOf(id uint32) (formats.DType, error) {
	if name, ok := removed[id]; ok {
		return formats.InvalidDType, fmt.Errorf("found type %d (%s), which the format no longer has, expected a current type: quantise the model again", id, name)
	}
	if id >= uint32(len(types)) {
		return formats.InvalidDType, fmt.Errorf("found unknown type %d, expected at most %d", id, len(types)-1)
	}
	return types[id], nil
}
