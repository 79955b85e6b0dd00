package ordjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want any
	}{
		{" null ", nil},
		{"true", true},
		{"\t\r\n false", false},
		{`""`, ""},
		{`"a\u0000\"\\\/\b\f\n\r\t"`, "a\x00\"\\/\b\f\n\r\t"},
		{`"\uD83D\ude00\u00e9é😀"`, "😀éé😀"},
		{"\"\x7f\u2028\"", "\x7f\u2028"},
		{"-0", json.Number("-0")},
		{"1.50E+007", json.Number("1.50E+007")},
		{"123456789012345678901234567890", json.Number("123456789012345678901234567890")},
		{"[]", []any{}},
		{"[1, [ ] ,\"x\"]", []any{json.Number("1"), []any{}, "x"}},
		{strings.Repeat("[", 128) + strings.Repeat("]", 128), deep(128)},
	} {
		got, err := Parse([]byte(c.in))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.in, got, err, c.want)
		}
	}
}

func deep(n int) any {
	a := []any{}
	for range n - 1 {
		a = []any{a}
	}
	return a
}

func TestParseRefuses(t *testing.T) {
	for _, c := range malformed {
		_, err := Parse([]byte(c.in))
		var e *SyntaxError
		if !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%.60q: got %v, want %s", c.in, err, c.want)
		}
		s, err := NewScanner(c.in)
		if err == nil {
			if err = s.Skip(); err == nil {
				err = s.End()
			}
		}
		if err == nil && !strings.Contains(c.want, "second time") {
			t.Errorf("%.60q: Skip accepts it", c.in)
		}
	}
}

var malformed = []struct{ in, want string }{
	{"", "byte 0: found the end of the document, expected a value"},
	{"  ", "byte 2: found the end of the document, expected a value"},
	{"{", "byte 1: found the end of the document, expected a key in double quotes"},
	{"[", "byte 1: found the end of the document, expected a value"},
	{"]", "byte 0: found ']', expected a value"},
	{"[1", "byte 2: found the end of the document, expected ',' or ']'"},
	{"[1,]", "byte 3: found ']', expected a value"},
	{"[1 2]", "byte 3: found a number, expected ',' or ']'"},
	{"[,1]", "byte 1: found ',', expected a value"},
	{`{"a"}`, "byte 4: found '}', expected ':'"},
	{`{"a":}`, "byte 5: found '}', expected a value"},
	{`{"a":1,}`, "byte 7: found '}', expected a key in double quotes"},
	{`{"a":1 "b":2}`, "byte 7: found a string, expected ',' or '}'"},
	{`{a:1}`, `byte 1: found "a", expected a key in double quotes`},
	{`{'a':1}`, `byte 1: found '\'', expected a key in double quotes`},
	{`{1:1}`, "byte 1: found a number, expected a key in double quotes"},
	{`{"a":1,"b":2,"a":3}`, `byte 13: found key "a" a second time, expected each key once`},
	{`{"a":1,"\u0061":3}`, `byte 7: found key "a" a second time`},
	{`[{"x":{"a":1,"a":3}}]`, `byte 13: found key "a" a second time`},
	{manyKeys(100) + `,"k7":0}`, `found key "k7" a second time, expected each key once`},
	{"1 2", "byte 2: found a number, expected the end of the document"},
	{"{}x", `byte 2: found "x", expected the end of the document`},
	{"{}\x00", "byte 2: found character U+0000, expected the end of the document"},
	{"\ufeff{}", "byte 0: found a byte order mark, expected a value"},
	{"NaN", `byte 0: found "NaN", expected a value`},
	{"Infinity", `byte 0: found "Infinity", expected a value`},
	{"-Infinity", `byte 1: found "Infinity", expected a digit`},
	{"nul", `byte 0: found "nul", expected a value`},
	{"nullx", `byte 0: found "nullx", expected a value`},
	{"True", `byte 0: found "True", expected a value`},
	{"// c\n1", "byte 0: found '/', expected a value"},
	{"1 /* c */", "byte 2: found '/', expected the end of the document"},
	{"01", "byte 0: found a number, expected a number without leading zeros"},
	{"-01", "byte 1: found a number, expected a number without leading zeros"},
	{"+1", "byte 0: found '+', expected a value"},
	{".5", "byte 0: found '.', expected a value"},
	{"1.", "byte 2: found the end of the document, expected a digit after the decimal point"},
	{"-", "byte 1: found the end of the document, expected a digit"},
	{"1e", "byte 2: found the end of the document, expected a digit in the exponent"},
	{"1e+x", `byte 3: found "x", expected a digit in the exponent`},
	{"0x10", `byte 1: found "x10", expected the end of the document`},
	{"1_000", `byte 1: found "_000", expected the end of the document`},
	{"\"a\nb\"", "byte 2: found raw control character 0x0a in a string, expected it escaped"},
	{`"\u0041` + "\x00\"", "byte 7: found raw control character 0x00 in a string, expected it escaped"},
	{`"abc`, `byte 4: found the end of the document, expected the '"' that ends the string at byte 0`},
	{`"a\`, "byte 3: found the end of the document, expected an escape"},
	{`"\x41"`, `byte 1: found "\\x", expected an escape`},
	{"\"\\\n\"", `byte 1: found '\' before character U+000A, expected an escape`},
	{`"\u12g4"`, `byte 1: found "\\u12g4", expected \u and four hexadecimal digits`},
	{`"\u12`, `byte 1: found "\\u12", expected \u and four hexadecimal digits`},
	{`"\ud800"`, `byte 1: found lone surrogate \ud800, expected a pair`},
	{`"\udc00\ud800"`, `byte 1: found lone surrogate \udc00, expected a pair`},
	{`"\ud800\ud800"`, `byte 1: found lone surrogate \ud800, expected a pair`},
	{`"\ud800xxdc00"`, `byte 1: found lone surrogate \ud800, expected a pair`},
	{"\"ab\xff\"", "byte 3: found invalid UTF-8 (byte 0xff), expected UTF-8 text"},
	{"\"\xed\xa0\x80\"", "byte 1: found invalid UTF-8 (byte 0xed), expected UTF-8 text"},
	{"\"\xc0\x80\"", "byte 1: found invalid UTF-8 (byte 0xc0), expected UTF-8 text"},
	{strings.Repeat("[", 129), "byte 128: found more than 128 levels of nesting, expected at most that many"},
	{strings.Repeat("[", 1e6), "byte 128: found more than 128 levels of nesting"},
	{strings.Repeat(`{"a":`, 1e5), "byte 640: found more than 128 levels of nesting"},
}

func TestValuesAreCounted(t *testing.T) {
	for n, want := range map[int]string{4: "<nil>", 3: "byte 4: found more than 4194304 values, expected at most that many"} {
		s, err := NewScanner(`[0,[[]]]`)
		if err != nil {
			t.Fatal(err)
		}
		s.values = maxValues - n
		if _, err := s.Value(); fmt.Sprint(err) != want {
			t.Errorf("room for %d values: got %v, want %s", n, err, want)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return "{" + b.String()[1:]
}

func TestParseObject(t *testing.T) {
	o, err := ParseObject([]byte(` {"b":1,"a":{"z":null,"y":2.50}} `))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Encode(o, Options{})
	if want := `{"b": 1, "a": {"z": null, "y": 2.50}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	for in, want := range map[string]string{
		"[]":   "byte 0: found an array, expected an object",
		" 1":   "byte 1: found a number, expected an object",
		"":     "byte 0: found the end of the document, expected an object",
		"null": `byte 0: found "null", expected an object`,
		"{}{}": "byte 2: found an object, expected the end of the document",
	} {
		if _, err := ParseObject([]byte(in)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

// FuzzParse holds the parser against encoding/json, which accepts more: what we
// accept it must accept and read alike, and what we write we must read back.
func FuzzParse(f *testing.F) {
	for _, c := range malformed {
		if len(c.in) < 1000 {
			f.Add([]byte(c.in))
		}
	}
	f.Add([]byte(`{"a":[1,-2.5e3,"\ud83d\ude00\u0000é",{"":null}],"b":[true,false,{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		s, serr := NewScanner(string(data))
		if serr == nil {
			if serr = s.Skip(); serr == nil {
				serr = s.End()
			}
		}
		if err != nil {
			if msg := err.Error(); !utf8.ValidString(msg) || strings.ContainsAny(msg, "\n\x1b") {
				t.Errorf("unprintable message %q", msg)
			}
			return
		}
		if serr != nil {
			t.Errorf("Skip refuses what Parse accepts: %v", serr)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if !reflect.DeepEqual(plain(v), want) {
			t.Errorf("got %v, want %v", plain(v), want)
		}
		for _, o := range []Options{{}, {Indent: 2, ASCII: true}} {
			out, err := Encode(v, o)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := Parse(out); err != nil || !reflect.DeepEqual(back, v) {
				t.Errorf("%s read back as %v, %v", out, back, err)
			}
		}
	})
}

// plain turns objects into maps, as encoding/json does.
func plain(v any) any {
	switch v := v.(type) {
	case *Object:
		m := map[string]any{}
		for i := range v.Len() {
			k, x := v.At(i)
			m[k] = plain(x)
		}
		return m
	case []any:
		a := make([]any, len(v))
		for i := range v {
			a[i] = plain(v[i])
		}
		return a
	}
	return v
}
