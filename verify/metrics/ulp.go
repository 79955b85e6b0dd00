package metrics

// ULP returns how many representable numbers lie between two floats of the same
// type, given by their bits and the width of the type in bits (16 for F16 and
// BF16, 32, 64). Both zeros are one number. It says nothing of NaN.
func ULP(a, b uint64, width uint) uint64 {
	x, y := monotone(a, width), monotone(b, width)
	if x < y {
		x, y = y, x
	}
	return uint64(x) - uint64(y)
}

// monotone maps the bits of a float to an integer of the same order.
func monotone(bits uint64, width uint) int64 {
	sign := uint64(1) << (width - 1)
	if bits&sign != 0 {
		return -int64(bits &^ sign)
	}
	return int64(bits)
}
