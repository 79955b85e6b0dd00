package ggml

import "encoding/binary"

// Kept finds out quickly how many leading values of src need no second look
// after encoding to dst as 16-bit floats, in which infinity has the bits
// infinite: 0x7c00 in F16, 0x7f80 in BF16. None of them is infinite or NaN in
// dst, nor zero in dst alone. The first that is follows within 16 values, or
// else the end does.
func Kept(dst []byte, src []float32, infinite uint16) int {
	n := keptFast(dst, src, infinite)
	return n + kept(dst[2*n:], src[n:], infinite)
}

// kept is Kept in groups of four.
func kept(dst []byte, src []float32, infinite uint16) int {
	// None of the four is infinite or NaN when no magnitude reaches the top bit
	// of its lane with what infinity lacks to it, and none is zero when every
	// one does with what 1 lacks to it.
	const sign, magnitude = 0x8000_8000_8000_8000, 0x7fff_7fff_7fff_7fff
	toTop := 0x0001_0001_0001_0001 * uint64(0x8000-infinite)
	n := 0
	for ; len(src)-n >= 4 && len(dst) >= 8; n, dst = n+4, dst[8:] {
		m := binary.LittleEndian.Uint64(dst) & magnitude
		if (m+toTop)&sign != 0 || (m+magnitude)&sign != sign && lost((*[4]float32)(src[n:]), m) {
			break
		}
	}
	return n
}

// lost reports whether one of the values, that are not zero, has the magnitude
// zero in m.
func lost(x *[4]float32, m uint64) bool {
	for i, x := range x {
		if x != 0 && m>>(16*i)&0x7fff == 0 {
			return true
		}
	}
	return false
}
