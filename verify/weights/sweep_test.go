package weights

import "testing"

// TestRangeOf: few ranges, of whole pieces.
func TestRangeOf(t *testing.T) {
	for _, n := range []int64{0, 1, pieceElems, pieceElems + 1, maxRanges * pieceElems, maxRanges*pieceElems + 1, 1 << 50} {
		r := rangeOf(n)
		if r%pieceElems != 0 || r < pieceElems || (n+r-1)/r > maxRanges {
			t.Errorf("%d elements: ranges of %d", n, r)
		}
	}
}
