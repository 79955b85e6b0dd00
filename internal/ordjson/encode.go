package ordjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Options are those of Python's json.dumps.
type Options struct {
	Indent   int  // spaces for each level, each member on its own line; 0: all on one line
	SortKeys bool // members in the order of the code points of their keys
	ASCII    bool // everything beyond ASCII as \uXXXX: Python's ensure_ascii, which is its default
}

// Encode returns what json.dumps returns for v, without a newline at the end.
// Besides the values of [Parse] it takes int, int64, uint64 and float64 (in the
// form of Python's repr). A json.Number is written as it is. NaN and infinity,
// which Python would write, are refused, and so are invalid UTF-8 and other
// types.
func Encode(v any, o Options) ([]byte, error) {
	e := encoder{Options: o}
	if err := e.value(v, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	Options
	out []byte
}

func (e *encoder) value(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("more than %d levels of nesting", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		e.out = append(e.out, "null"...)
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	case string:
		return e.string(v)
	case json.Number:
		if n, expected := scanNumber(string(v)); expected != "" || n != len(v) {
			return fmt.Errorf("%s is not a JSON number", quote(string(v)))
		}
		e.out = append(e.out, v...)
	case int:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	case uint64:
		e.out = strconv.AppendUint(e.out, v, 10)
	case float64:
		return e.float(v)
	case []any:
		return e.list('[', ']', len(v), depth, func(i int) error { return e.value(v[i], depth+1) })
	case *Object:
		if v == nil {
			return errors.New("nil *Object is not a JSON value")
		}
		return e.object(v, depth)
	default:
		return fmt.Errorf("%T is not a JSON value", v)
	}
	return nil
}

func (e *encoder) object(o *Object, depth int) error {
	members := o.members
	if e.SortKeys {
		members = slices.Clone(members)
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	}
	return e.list('{', '}', len(members), depth, func(i int) error {
		if err := e.string(members[i].key); err != nil {
			return err
		}
		e.out = append(e.out, ": "...)
		return e.value(members[i].value, depth+1)
	})
}

// list writes n items between brackets.
func (e *encoder) list(open, end byte, n, depth int, item func(i int) error) error {
	e.out = append(e.out, open)
	for i := range n {
		switch {
		case e.Indent > 0:
			if i > 0 {
				e.out = append(e.out, ',')
			}
			e.newline(depth + 1)
		case i > 0:
			e.out = append(e.out, ", "...)
		}
		if err := item(i); err != nil {
			return err
		}
	}
	if n > 0 && e.Indent > 0 {
		e.newline(depth)
	}
	e.out = append(e.out, end)
	return nil
}

func (e *encoder) newline(depth int) {
	e.out = append(e.out, '\n')
	for range depth * e.Indent {
		e.out = append(e.out, ' ')
	}
}

func (e *encoder) string(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("string %s is not valid UTF-8", quote(s))
	}
	e.out = append(e.out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			e.out = append(e.out, '\\', byte(r))
		case r == '\b':
			e.out = append(e.out, `\b`...)
		case r == '\t':
			e.out = append(e.out, `\t`...)
		case r == '\n':
			e.out = append(e.out, `\n`...)
		case r == '\f':
			e.out = append(e.out, `\f`...)
		case r == '\r':
			e.out = append(e.out, `\r`...)
		case r < ' ' || e.ASCII && r > '~' && r <= 0xffff:
			e.unit(r)
		case e.ASCII && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			e.unit(high)
			e.unit(low)
		default:
			e.out = utf8.AppendRune(e.out, r)
		}
	}
	e.out = append(e.out, '"')
	return nil
}

func (e *encoder) unit(u rune) {
	const digits = "0123456789abcdef"
	e.out = append(e.out, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
}

// float writes f as Python's repr does: the shortest digits that give f back,
// with an exponent below 1e-4 and from 1e16 on, and always recognisable as a
// float.
func (e *encoder) float(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%v has no form in JSON", f)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		e.out = strconv.AppendFloat(e.out, f, 'e', -1, 64)
		return nil
	}
	start := len(e.out)
	e.out = strconv.AppendFloat(e.out, f, 'f', -1, 64)
	if !slices.Contains(e.out[start:], '.') {
		e.out = append(e.out, ".0"...)
	}
	return nil
}
