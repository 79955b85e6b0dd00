package human

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number formats a measured value with three digits, or all of its whole part if
// that has no more than six: "0", "3.12e-6", "0.0415", "12.3", "1234", "1.5e9";
// "NaN" and "∞" as such.
func Number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "∞"
	case math.IsInf(x, -1):
		return "-∞"
	case a != 0 && a < 1e-3 || a >= 1e6:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		sign := strings.TrimRight(exponent[:1], "+")
		return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
	case a >= 999.5: // 'g' would say 1e+03
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// Percent formats a share of 1: "99.74 %".
func Percent(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Number(x)
	}
	return fmt.Sprintf("%.4g %%", 100*x)
}

// Plural counts things: "1 layer", "2,000 layers".
func Plural(n int, thing string) string {
	s := Count(int64(n)) + " " + thing
	if n != 1 {
		s += "s"
	}
	return s
}
