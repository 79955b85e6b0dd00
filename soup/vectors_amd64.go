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
