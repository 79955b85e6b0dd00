package ggufmeta

import (
	"math"
	"strconv"
)

// sizeLabel writes a number of parameters with two digits or more and the unit
// below it: 7.3B, 32B, 109K.
func sizeLabel(parameters int64) string {
	scale, unit := 1e-3, "K"
	switch {
	case parameters > 1e12:
		scale, unit = 1e-12, "T"
	case parameters > 1e9:
		scale, unit = 1e-9, "B"
	case parameters > 1e6:
		scale, unit = 1e-6, "M"
	}
	scaled := float64(parameters) * scale
	decimals := 2
	if whole := math.RoundToEven(scaled); whole > 0 {
		decimals = max(0, 2-len(strconv.FormatFloat(whole, 'f', 0, 64)))
	}
	return strconv.FormatFloat(scaled, 'f', decimals, 64) + unit
}
