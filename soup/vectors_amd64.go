//go:build amd64 && !noasm

package soup

//go:generate go run -C _gen ./vectors -out ../vectors_amd64.s -stubs ../vectors_stubs_amd64.go -pkg soup

// The functions below do what the loop after their call does, for as many
// elements, from the beginning, as kernels take, and return how many.

func subtractFast(dst, x, y []float64) int {
	n := groups(len(x))
	subtractAVX2(dst, x[:n], y)
	return n
}

func dotFast(x, y []float64, s *[8]float64) int {
	n := groups(len(x))
	dotAVX2(x[:n], y, s)
	return n
}

func dotsFast(x, y, z []float64, s, t *[8]float64) int {
	n := groups(len(x))
	dotsAVX2(x[:n], y, z, s, t)
	return n
}

func addScaledFast(dst, x, base []float64, k float64) int {
	n := groups(len(x))
	addScaledAVX2(dst, x[:n], base, k)
	return n
}

func addToFast(x, base []float64) int {
	n := groups(len(x))
	addToAVX2(x[:n], base)
	return n
}

func scaleFast(x []float64, k float64) int {
	n := groups(len(x))
	scaleAVX2(x[:n], k)
	return n
}

func addFast(dst, x []float64) int {
	n := groups(len(x))
	addAVX2(dst, x[:n])
	return n
}

func addAgreeingFast(dst, weight, x, sum []float64, w float64) int {
	n := groups(len(x))
	addAgreeingAVX2(dst, weight, x[:n], sum, w)
	return n
}

func divideEachFast(x, y []float64) int {
	n := groups(len(x))
	divideEachAVX2(x[:n], y)
	return n
}

func atLeastFast(x []float64, below int64) int {
	n := groups(len(x))
	atLeastAVX2(x[:n], below)
	return n
}

func withinFast(keys []uint64, x []float64, below, high int64) (n, inside, above int) {
	n = groups(len(x))
	inside, above = withinAVX2(keys, x[:n], below, high)
	return n, inside, above
}
