package ggufmeta

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// The forms of plain scalars of YAML 1.1 (yaml.org/type), with the deviations of
// PyYAML, the reader behind the official converter: an exponent needs its sign,
// a float its point.
var (
	yamlIntForm = regexp.MustCompile(`^(?:[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*))$`)

	yamlFloatForm = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)

	yamlDateForm = regexp.MustCompile(`^[0-9]{4}-(?:[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)

	yamlBools = map[string]any{"yes": true, "no": false, "true": true, "false": false, "on": true, "off": false}
)

// implicitTag returns the tag that a plain scalar has by its form.
func implicitTag(s string) string {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return "!!null"
	case "<<":
		return "!!merge"
	case "=":
		return "!!value"
	}
	lower := strings.ToLower(s)
	if _, ok := yamlBools[lower]; ok && (s == lower || s == strings.ToUpper(s) || s == strings.ToUpper(s[:1])+lower[1:]) {
		return "!!bool"
	}
	switch {
	case yamlFloatForm.MatchString(s):
		return "!!float"
	case yamlIntForm.MatchString(s):
		return "!!int"
	case yamlDateForm.MatchString(s):
		return "!!timestamp"
	}
	return "!!str"
}

func yamlInt(s string) (any, bool) {
	if len(s) > maxDigits || !yamlIntForm.MatchString(s) {
		return nil, false
	}
	s = strings.ReplaceAll(s, "_", "")
	sign := ""
	if s[0] == '-' {
		sign = "-"
	}
	s = strings.TrimLeft(s, "+-")
	n, ok := new(big.Int), true
	switch {
	case strings.HasPrefix(s, "0b"):
		n, ok = n.SetString(s[2:], 2)
	case strings.HasPrefix(s, "0x"):
		n, ok = n.SetString(s[2:], 16)
	case s != "0" && s[0] == '0':
		n, ok = n.SetString(s, 8)
	default:
		for part := range strings.SplitSeq(s, ":") {
			digits, _ := new(big.Int).SetString(part, 10)
			n.Add(n.Mul(n, big.NewInt(60)), digits)
		}
	}
	if !ok {
		return nil, false
	}
	if n.Sign() == 0 {
		sign = ""
	}
	return json.Number(sign + n.String()), true
}

func yamlFloat(s string) (any, bool) {
	s = strings.ToLower(strings.ReplaceAll(s, "_", ""))
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = strings.TrimLeft(s, "+-")
	switch s {
	case ".inf":
		return sign * math.Inf(1), true
	case ".nan":
		return math.NaN(), true
	}
	f := 0.0
	for part := range strings.SplitSeq(s, ":") {
		x, err := strconv.ParseFloat(part, 64)
		if err != nil && !math.IsInf(x, 0) {
			return nil, false
		}
		f = f*60 + x
	}
	return sign * f, true
}
