package ordjson

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestInt(t *testing.T) {
	for _, c := range []struct {
		in   any
		want int64
	}{
		{json.Number("32"), 32},
		{json.Number("32.0"), 32},
		{json.Number("-3.20e1"), -32},
		{json.Number("1E3"), 1000},
		{json.Number("0"), 0},
		{json.Number("-0.0e999999"), 0},
		{json.Number("100e-2"), 1},
		{json.Number("0.001e+3"), 1},
		{json.Number("9223372036854775807"), math.MaxInt64},
		{json.Number("-9223372036854775808.0"), math.MinInt64},
		{json.Number("9007199254740993.0"), 9007199254740993},
		{7, 7},
		{int64(-7), -7},
		{-1e3, -1000},
	} {
		if got, err := Int(c.in); err != nil || got != c.want {
			t.Errorf("%v: got %d, %v, want %d", c.in, got, err, c.want)
		}
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{"32", `found string "32", expected an integer`},
		{nil, "found null, expected an integer"},
		{true, "found true, expected an integer"},
		{[]any{}, "found an array, expected an integer"},
		{new(Object), "found an object, expected an integer"},
		{json.Number("1e309"), `found "1e309", expected an integer of 64 bits`},
		{json.Number("1e99999999999"), `found "1e99999999999", expected an integer of 64 bits`},
		{json.Number("9223372036854775808"), "expected an integer of 64 bits"},
		{json.Number("-9223372036854775809"), "expected an integer of 64 bits"},
		{json.Number("0.5"), `found "0.5", expected an integer`},
		{json.Number("1e-400"), `found "1e-400", expected an integer`},
		{json.Number("1.0000000000000000000000001"), "expected an integer"},
		{json.Number("NaN"), `found "NaN", expected an integer`},
		{json.Number("+1"), `found "+1", expected an integer`},
		{math.Inf(1), "expected an integer"},
		{math.NaN(), "expected an integer"},
		{0.5, "expected an integer"},
		{1e19, "expected an integer"},
	} {
		if got, err := Int(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %d, %v, want %s", c.in, got, err, c.want)
		}
	}
}

func TestFloat(t *testing.T) {
	for _, c := range []struct {
		in   any
		want float64
	}{
		{json.Number("1e-06"), 1e-6}, {json.Number("500000"), 500000}, {json.Number("1e-400"), 0}, {3, 3}, {int64(4), 4}, {0.5, 0.5},
	} {
		if got, err := Float(c.in); err != nil || got != c.want {
			t.Errorf("%v: got %v, %v, want %v", c.in, got, err, c.want)
		}
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{"1.5", `found string "1.5", expected a number`},
		{nil, "found null, expected a number"},
		{json.Number("1e309"), `found "1e309", expected a number of float64's range`},
		{json.Number("Infinity"), `found "Infinity", expected a number`},
		{json.Number("0x10"), `found "0x10", expected a number`},
	} {
		if got, err := Float(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, %v, want %s", c.in, got, err, c.want)
		}
	}
}
