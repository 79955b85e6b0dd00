//go:build !amd64 || noasm

package soup

// Without kernels nothing is done beforehand.

func subtractFast(dst, x, y []float64) int                { return 0 }
func dotFast(x, y []float64, s *[8]float64) int           { return 0 }
func addScaledFast(dst, x, base []float64, k float64) int { return 0 }
func addToFast(x, base []float64) int                     { return 0 }
