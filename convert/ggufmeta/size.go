package ggufmeta

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// sizeOrContext gives a size its usual form (7b is 7B, 1_5B is 1.5B, and 7b1,
// as BLOOM has it, 7.1B). One that differs from the number of parameters by
// more than seven eighths of it is a context length: part of what the model was
// tuned for, with a small letter.
func sizeOrContext(text string, parameters int64) namePart {
	r := []rune(strings.ReplaceAll(text, "_", "."))
	if n := len(r); isDecimal(r[n-1]) {
		r = append(r[:n-2:n-2], '.', r[n-1], r[n-2])
	}
	n := len(r)
	if n > 1 && isDecimal(r[n-2]) && strings.ContainsRune("kmbt", r[n-1]) {
		r[n-1] = unicode.ToUpper(r[n-1])
	}
	if parameters != 0 {
		if label, ok := parseDecimal(r[:n-1]); ok {
			label *= unitOf(r[n-1])
			limit := new(big.Int).Mul(big.NewInt(parameters), big.NewInt(7))
			limit.Rsh(limit, 3)
			if difference := math.Abs(label - float64(parameters)); new(big.Float).SetFloat64(difference).Cmp(new(big.Float).SetInt(limit)) > 0 {
				r[n-1] = unicode.ToLower(r[n-1])
				return namePart{string(r), kindFinetune}
			}
		}
	}
	return namePart{string(r), kindSize}
}

func unitOf(r rune) float64 {
	switch r {
	case 'K':
		return 1e3
	case 'M':
		return 1e6
	case 'B':
		return 1e9
	case 'T':
		return 1e12
	}
	return 1e-3 // the Kelvin sign, which matches k but is no unit
}

// parseDecimal reads digits of any script with at most one point.
func parseDecimal(r []rune) (float64, bool) {
	text := make([]byte, len(r))
	for i, c := range r {
		switch {
		case isDecimal(c):
			text[i] = '0' + digitValue(c)
		case c == '.':
			text[i] = '.'
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil || math.IsInf(f, 0)
}

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
