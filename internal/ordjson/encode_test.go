package ordjson

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// TestEncodeAsPython compares with what json.dumps wrote: testdata/dumps.py.
func TestEncodeAsPython(t *testing.T) {
	data, err := os.ReadFile("testdata/dumps.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.([]any) {
		field := func(name string) any {
			v, ok := c.(*Object).Get(name)
			if !ok {
				t.Fatalf("no %s", name)
			}
			return v
		}
		indent, err := Int(field("indent"))
		if err != nil {
			t.Fatal(err)
		}
		input := field("input").(string)
		v, err := Parse([]byte(input))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		o := Options{Indent: int(indent), SortKeys: field("sort").(bool), ASCII: field("ascii").(bool)}
		got, err := Encode(floats(t, v), o)
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		if want := field("output").(string); string(got) != want {
			t.Errorf("%s %+v:\n got %s\nwant %s", input, o, got, want)
		}
	}
}

// floats replaces, as json.loads does, numbers with a point or an exponent by
// floats, and -0 by 0.
func floats(t *testing.T, v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			f, err := Float(v)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if v == "-0" {
			return 0
		}
	case []any:
		for i := range v {
			v[i] = floats(t, v[i])
		}
	case *Object:
		for _, k := range v.Keys() {
			x, _ := v.Get(k)
			v.Set(k, floats(t, x))
		}
	}
	return v
}

func TestEncodeGoValues(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{7, "7"},
		{int64(math.MinInt64), "-9223372036854775808"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{json.Number("1E+2"), "1E+2"},
		{json.Number("-0"), "-0"},
		{1e-05, "1e-05"},
		{500000.0, "500000.0"},
		{1e16, "1e+16"},
		{math.Copysign(0, -1), "-0.0"},
	} {
		got, err := Encode(c.v, Options{})
		if err != nil || string(got) != c.want {
			t.Errorf("%v: got %s, %v, want %s", c.v, got, err, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	loop := []any{nil}
	loop[0] = loop
	for name, v := range map[string]any{
		"NaN": math.NaN(), "infinity": math.Inf(-1), "struct": struct{}{}, "nil object": (*Object)(nil),
		"loop": loop, "UTF-8": "\xff", "long UTF-8": strings.Repeat("\x80", 200),
		"number": json.Number("NaN"), "empty number": json.Number(""), "01": json.Number("01"), "two": json.Number("1 2"),
	} {
		if got, err := Encode(v, Options{}); err == nil {
			t.Errorf("%s: got %s, want an error", name, got)
		}
	}
}
