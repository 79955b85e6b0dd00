//go:build !amd64 || noasm

package soup

// Without kernels nothing is done beforehand.

func subtractFast(dst, x, y []float64) int                         { return 0 }
func dotFast(x, y []float64, s *[8]float64) int                    { return 0 }
func dotsFast(x, y, z []float64, s, t *[8]float64) int             { return 0 }
func addScaledFast(dst, x, base []float64, k float64) int          { return 0 }
func addToFast(x, base []float64) int                              { return 0 }
func scaleFast(x []float64, k float64) int                         { return 0 }
func addFast(dst, x []float64) int                                 { return 0 }
func addAgreeingFast(dst, weight, x, sum []float64, w float64) int { return 0 }
func divideEachFast(x, y []float64) int                            { return 0 }
func atLeastFast(x []float64, below int64) int                     { return 0 }
func withinFast(keys []uint64, x []float64, below, high int64) (n, inside, above int) {
	return 0, 0, 0
}
