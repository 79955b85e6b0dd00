//go:build !amd64 || noasm

package soup

// Without kernels nothing is done beforehand, and all is left to the twins.

func accumulateFast(sums []float64, x []float32, w float64, seen *spread) int { return 0 }
func divideFast(dst []float32, sums []float64, d float64) int                 { return 0 }
func divideNearestFast(dst []float32, sums []float64, d float64) int          { return 0 }
func widenBF16Fast(dst []float64, src []byte) (n int, most uint32)            { return 0, 0 }

func widenF32Fast(dst []float64, src []float32) (n int, most uint32) { return 0, 0 }

func widenMinusBF16Fast(dst []float64, src []byte, base []float64) (n int, most uint32) { return 0, 0 }
func roundBF16Fast(dst []byte, src []float64) int                                       { return 0 }
func roundToOddFast(dst []float32, src []float64) int                                   { return 0 }
