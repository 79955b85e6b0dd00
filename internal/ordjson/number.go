package ordjson

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Int returns the integer that v is. A number with a fraction or an exponent is
// one if its value is whole: 32.0 and 1e3 are, and nothing is rounded on the
// way. A string is none.
func Int(v any) (int64, error) {
	switch n := v.(type) {
	case json.Number:
		return parseInt(string(n))
	case int:
		return int64(n), nil
	case int64:
		return n, nil
	case float64:
		if n == math.Trunc(n) && n >= -1<<63 && n < 1<<63 {
			return int64(n), nil
		}
		return 0, fmt.Errorf("found %v, expected an integer", n)
	}
	return 0, fmt.Errorf("found %s, expected an integer", kind(v))
}

func parseInt(text string) (int64, error) {
	if n, expected := scanNumber(text); expected != "" || n != len(text) {
		return 0, fmt.Errorf("found %s, expected an integer", quote(text))
	}
	// digits × 10^exp, exactly.
	mantissa, tail, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	exp := -len(fraction)
	short := strings.TrimRight(digits, "0")
	exp += len(digits) - len(short)
	if short == "" {
		return 0, nil
	}
	if tail != "" {
		e, err := strconv.ParseInt(tail, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("found %s, expected an integer of 64 bits", quote(text))
		}
		exp += int(e)
	}
	if exp < 0 {
		return 0, fmt.Errorf("found %s, expected an integer", quote(text))
	}
	const mostDigits = 19 // of an int64
	if len(short)+exp <= mostDigits {
		if n, err := strconv.ParseInt(sign+short+strings.Repeat("0", exp), 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("found %s, expected an integer of 64 bits", quote(text))
}

// Float returns the number that v is, rounded to float64. What is too large for
// one (1e309) is refused, and so is a string.
func Float(v any) (float64, error) {
	switch n := v.(type) {
	case json.Number:
		if k, expected := scanNumber(string(n)); expected != "" || k != len(n) {
			return 0, fmt.Errorf("found %s, expected a number", quote(string(n)))
		}
		f, err := strconv.ParseFloat(string(n), 64)
		if err != nil {
			return 0, fmt.Errorf("found %s, expected a number of float64's range", quote(string(n)))
		}
		return f, nil
	case int:
		return float64(n), nil
	case int64:
		return float64(n), nil
	case float64:
		return n, nil
	}
	return 0, fmt.Errorf("found %s, expected a number", kind(v))
}

// kind names a value for a message.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return "string " + quote(v)
	case []any:
		return "an array"
	case *Object:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}
