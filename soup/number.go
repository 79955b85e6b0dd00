package soup

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Limits of a number in a recipe. Every power of ten costs three bits in all
// arithmetic that cannot be done in floating point.
const (
	maxNumberText = 64  // characters; "0.33333333333333333333" has 22
	maxExponent   = 100 // of ten; a float64 can hold three times as much
)

// ParseNumber reads a decimal or a fraction of two, exactly: "2", "0.25", "1e-2",
// "1/3", "-0.5".
func ParseNumber(s string) (*big.Rat, error) {
	bad := func(what string) error {
		return fmt.Errorf("found %.70q, expected a decimal or a fraction (1, 0.25, 1e-2, 1/3)%s", s, what)
	}
	if len(s) > maxNumberText {
		return nil, bad(fmt.Sprintf(" of at most %d characters", maxNumberText))
	}
	num, den, fraction := strings.Cut(s, "/")
	x, ok := decimal(num)
	if !ok {
		return nil, bad("")
	}
	if !fraction {
		return x, nil
	}
	y, ok := decimal(den)
	switch {
	case !ok:
		return nil, bad("")
	case y.Sign() == 0:
		return nil, bad(", not divided by zero")
	}
	return x.Quo(x, y), nil
}

// decimal reads [+-]digits[.digits][e[+-]digits], where a digit may be missing
// on one side of the point.
func decimal(s string) (*big.Rat, bool) {
	mantissa, exponent, hasExponent := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, hasExponent = s[:i], s[i+1:], true
	}
	whole, part, _ := strings.Cut(strings.TrimLeft(mantissa, "+-"), ".")
	if len(mantissa) > len(strings.TrimLeft(mantissa, "+-"))+1 || whole+part == "" || strings.Trim(whole+part, "0123456789") != "" {
		return nil, false
	}
	e := 0
	if hasExponent {
		var err error
		if e, err = strconv.Atoi(exponent); err != nil || e < -maxExponent || e > maxExponent {
			return nil, false
		}
	}
	n, ok := new(big.Int).SetString(whole+part, 10)
	if !ok {
		return nil, false
	}
	if strings.HasPrefix(mantissa, "-") {
		n.Neg(n)
	}
	x := new(big.Rat).SetInt(n)
	e -= len(part)
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil))
	if e < 0 {
		return x.Quo(x, ten), true
	}
	return x.Mul(x, ten), true
}
