package soup

import "olmotool/formats"

// promote returns the type that holds all values of two floating-point types, as
// torch.promote_types does: that of two halves of different kinds is F32. A
// quantised type counts as F32.
func promote(a, b formats.DType) formats.DType {
	rank := func(d formats.DType) int {
		switch d {
		case formats.BF16, formats.F16:
			return 0
		case formats.F64:
			return 2
		}
		return 1
	}
	switch x, y := rank(a), rank(b); {
	case a == b && a.IsFloat():
		return a
	case x == 0 && y == 0:
		return formats.F32
	case x < y:
		return promote(b, b)
	case a.IsFloat():
		return a
	}
	return formats.F32
}
