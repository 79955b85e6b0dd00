//go:build amd64 && !noasm

package soup

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../simd_amd64.s -stubs ../simd_amd64.go -pkg soup

// simd says whether the kernels are used. Tests turn it off.
var simd = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT

// The functions below do what the twin of the same name does for as many
// elements, from the beginning, as kernels take, and return how many: all but
// those beyond the last group of 16.

func groups(n int) int {
	if !simd {
		return 0
	}
	return n &^ 15
}

func accumulateFast(sums []float64, x []float32, w float64, seen *spread) int {
	n := groups(min(len(x), len(sums)))
	accumulateAVX2(sums, x[:n], w, (*[16]uint32)(seen))
	return n
}

func divideFast(dst []float32, sums []float64, d float64) int {
	n := groups(min(len(dst), len(sums)))
	divideAVX2(dst, sums[:n], d)
	return n
}

func divideNearestFast(dst []float32, sums []float64, d float64) int {
	n := groups(min(len(dst), len(sums)))
	divideNearestAVX2(dst, sums[:n], d)
	return n
}

func widenBF16Fast(dst []float64, src []byte) (n int, most uint32) {
	n = groups(min(len(dst), len(src)/2))
	return n, widenBF16AVX2(dst[:n], src)
}

func widenF32Fast(dst []float64, src []float32) (n int, most uint32) {
	n = groups(min(len(dst), len(src)))
	return n, widenF32AVX2(dst, src[:n])
}

func widenMinusBF16Fast(dst []float64, src []byte, base []float64) (n int, most uint32) {
	n = groups(min(len(dst), len(src)/2, len(base)))
	return n, widenMinusBF16AVX2(dst[:n], src, base)
}

func roundBF16Fast(dst []byte, src []float64) int {
	return roundBF16AVX2(dst, src[:groups(min(len(src), len(dst)/2))])
}

func roundToOddFast(dst []float32, src []float64) int {
	n := groups(min(len(dst), len(src)))
	roundToOddAVX2(dst, src[:n])
	return n
}
