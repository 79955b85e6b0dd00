package olmo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// fields reads the members of an object. Of everything that is wrong it keeps
// the first, with its path, so that a parser asks for all that it wants and
// looks at the error once. null stands for absence where a field may be absent,
// and is wrong elsewhere.
type fields struct {
	o     *ordjson.Object
	path  string          // of o in the document: "" or "model.block."
	read  map[string]bool // keys that were asked for
	first *fieldError     // shared by all objects of the document
}

type fieldError struct {
	place string
	err   error
}

func fieldsOf(o *ordjson.Object) *fields {
	return &fields{o: o, read: map[string]bool{}, first: new(fieldError)}
}

// fail records that the value of key is wrong.
func (f *fields) fail(key, format string, args ...any) {
	if f.first.err == nil {
		*f.first = fieldError{f.path + key, fmt.Errorf(format, args...)}
	}
}

// error returns the first error as one of that file.
func (f *fields) error(file string) error {
	if f.first.err == nil {
		return nil
	}
	return formats.Errorf(file, strings.TrimSuffix(f.first.place, "."), "%w", f.first.err)
}

// get returns the value of key; absent and null are nil.
func (f *fields) get(key string) any {
	f.read[key] = true
	v, _ := f.o.Get(key)
	return v
}

func (f *fields) has(key string) bool { return f.get(key) != nil }

// field reads the value of key, which may be absent but not null.
func field[T any](f *fields, key string, def T, read func(any) (T, error)) T {
	f.read[key] = true
	v, ok := f.o.Get(key)
	if !ok {
		return def
	}
	x, err := read(v)
	if err != nil {
		f.fail(key, "%w", err)
		return def
	}
	return x
}

// optional reads the value of key, or returns nil if it is null; def if absent.
func optional[T any](f *fields, key string, def *T, read func(any) (T, error)) *T {
	return field(f, key, def, func(v any) (*T, error) {
		if v == nil {
			return nil, nil
		}
		x, err := read(v)
		return &x, err
	})
}

func (f *fields) int(key string, def int64) int64 { return field(f, key, def, ordjson.Int) }

func (f *fields) float(key string, def float64) float64 { return field(f, key, def, ordjson.Float) }

func (f *fields) str(key, def string) string { return field(f, key, def, readString) }

func (f *fields) bool(key string, def bool) bool { return field(f, key, def, readBool) }

func (f *fields) optInt(key string, def *int64) *int64 { return optional(f, key, def, ordjson.Int) }

func (f *fields) optFloat(key string) *float64 { return optional(f, key, nil, ordjson.Float) }

// ints reads an integer or a list of integers; null is none.
func (f *fields) ints(key string, def []int64) []int64 {
	return *field(f, key, &def, func(v any) (*[]int64, error) {
		l, ok := v.([]any)
		if !ok && v != nil {
			l = []any{v}
		}
		var ids []int64
		for _, x := range l {
			n, err := ordjson.Int(x)
			if err != nil {
				return nil, err
			}
			ids = append(ids, n)
		}
		return &ids, nil
	})
}

// strs reads a list of strings; nil if there is none.
func (f *fields) strs(key string) []string {
	v := f.get(key)
	l, ok := v.([]any)
	if !ok && v != nil {
		f.fail(key, "found %s, expected a list of strings", describe(v))
	}
	var ss []string
	for i, x := range l {
		s, err := readString(x)
		if err != nil {
			f.fail(fmt.Sprintf("%s[%d]", key, i), "%w", err)
		}
		ss = append(ss, s)
	}
	return ss
}

// sub returns the fields of a member object; of an empty one if there is none.
func (f *fields) sub(key string) *fields {
	o := new(ordjson.Object)
	if v := f.get(key); v != nil {
		var ok bool
		if o, ok = v.(*ordjson.Object); !ok {
			f.fail(key, "found %s, expected an object", describe(v))
			o = new(ordjson.Object)
		}
	}
	return &fields{o: o, path: f.path + key + ".", read: map[string]bool{}, first: f.first}
}

// must checks that the value of key, or def if there is none, is one of want.
func (f *fields) must(key, def string, want ...string) {
	if s := f.str(key, def); !slices.Contains(want, s) {
		f.fail(key, "found %q, expected %s", s, strings.Join(quoted(want), " or "))
	}
}

// mustBe is must for switches.
func (f *fields) mustBe(key string, def, want bool) {
	switch got := f.bool(key, def); {
	case got == want:
	case f.has(key):
		f.fail(key, "found %t, expected %t", got, want)
	default:
		f.fail(key, "found none, which means %t, expected %t", got, want)
	}
}

// rest refuses members that were not asked for and are not among inert, unless
// they are null or false: whoever added them wanted something of the model that
// is not translated.
func (f *fields) rest(inert ...string) {
	for i := range f.o.Len() {
		key, v := f.o.At(i)
		if v == nil || v == false || f.read[key] || slices.Contains(inert, key) {
			continue
		}
		f.fail(fmt.Sprintf("%.80q", key), "found %s, expected no such field: what it does to the model is not known here", describe(v))
	}
}

func readString(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("found %s, expected a string", describe(v))
}

func readBool(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, errors.New("found " + describe(v) + ", expected true or false")
}

// describe names a value in a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%.80q", v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case *ordjson.Object:
		return "an object"
	}
	return fmt.Sprintf("%.80v", v) // a number, as it is written
}

func quoted(names []string) []string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%.80q", n)
	}
	return q
}
