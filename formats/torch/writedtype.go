package torch

import (
	"fmt"
	"slices"

	"olmotool/formats"
)

// writeDType is how torch.save spells an element type.
type writeDType struct {
	storage pickleGlobal // the storage class
	dtype   pickleGlobal // the dtype, of types that have no storage class of their own
	bytes   int64        // what torch counts as one element
}

const globalUntyped pickleGlobal = "torch.storage\nUntypedStorage"

var writeDTypes = map[formats.DType]writeDType{
	formats.Bool: {"torch\nBoolStorage", "", 1},
	formats.U8:   {"torch\nByteStorage", "", 1},
	formats.I8:   {"torch\nCharStorage", "", 1},
	formats.I16:  {"torch\nShortStorage", "", 2},
	formats.F16:  {"torch\nHalfStorage", "", 2},
	formats.BF16: {"torch\nBFloat16Storage", "", 2},
	formats.I32:  {"torch\nIntStorage", "", 4},
	formats.F32:  {"torch\nFloatStorage", "", 4},
	formats.C64:  {"torch\nComplexFloatStorage", "", 8},
	formats.F64:  {"torch\nDoubleStorage", "", 8},
	formats.I64:  {"torch\nLongStorage", "", 8},
	formats.C128: {"torch\nComplexDoubleStorage", "", 16},

	formats.F8E5M2:     {globalUntyped, "torch\nfloat8_e5m2", 1},
	formats.F8E4M3:     {globalUntyped, "torch\nfloat8_e4m3fn", 1},
	formats.F8E5M2FNUZ: {globalUntyped, "torch\nfloat8_e5m2fnuz", 1},
	formats.F8E4M3FNUZ: {globalUntyped, "torch\nfloat8_e4m3fnuz", 1},
	formats.F8E8M0:     {globalUntyped, "torch\nfloat8_e8m0fnu", 1},
	formats.F4:         {globalUntyped, "torch\nfloat4_e2m1fn_x2", 1}, // an element is a pair
	formats.U16:        {globalUntyped, "torch\nuint16", 2},
	formats.U32:        {globalUntyped, "torch\nuint32", 4},
	formats.U64:        {globalUntyped, "torch\nuint64", 8},
	formats.C32:        {globalUntyped, "torch\ncomplex32", 4},
}

// kind is the type that torch takes a storage to be of when it compares those
// of two tensors: untyped storages count as bytes.
func (d writeDType) kind() pickleGlobal {
	if d.storage == globalUntyped {
		return writeDTypes[formats.U8].storage
	}
	return d.storage
}

// torchShape returns the shape that torch gives the tensor. It differs where
// an element of torch is two of ours.
func torchShape(t formats.Tensor) ([]int64, error) {
	if len(t.Shape) > maxRank {
		return nil, fmt.Errorf("found %d dimensions, expected at most %d", len(t.Shape), maxRank)
	}
	n := t.DType.BlockElems()
	if n == 1 {
		return t.Shape, nil
	}
	last := len(t.Shape) - 1
	if last < 0 || t.Shape[last]%n != 0 {
		return nil, fmt.Errorf("found shape %v, expected a last dimension that is a multiple of %d for %s", t.Shape, n, t.DType)
	}
	s := slices.Clone(t.Shape)
	s[last] /= n
	return s, nil
}

// rowMajor returns the strides of a contiguous tensor; as in torch an empty
// dimension counts as one.
func rowMajor(shape []int64) ([]int64, error) {
	strides := make([]int64, len(shape))
	n := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		var err error
		if n, err = formats.MulChecked(n, max(shape[i], 1)); err != nil {
			return nil, fmt.Errorf("shape %v: %w", shape, err)
		}
	}
	return strides, nil
}

// sameOrder reports whether two sets of strides walk a tensor alike; the stride
// of a dimension of one element does not matter.
func sameOrder(shape, a, b []int64) bool {
	if slices.Contains(shape, 0) {
		return true
	}
	for i, n := range shape {
		if n > 1 && a[i] != b[i] {
			return false
		}
	}
	return true
}

// lastElement returns the greatest index, counted from the start of its
// storage, of an element of the tensor, and -1 if it has none.
func lastElement(shape, strides []int64, offset int64) (int64, error) {
	if offset < 0 {
		return 0, fmt.Errorf("found a negative offset, expected 0 or more")
	}
	last := offset
	for i, n := range shape {
		if n == 0 {
			return -1, nil
		}
		step, err := formats.MulChecked(n-1, strides[i])
		if err != nil {
			return 0, err
		}
		if last, err = formats.AddChecked(last, step); err != nil {
			return 0, err
		}
	}
	return last, nil
}
