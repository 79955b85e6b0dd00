// Package jsondiff says where JSON values differ, for people.
package jsondiff

import (
	"fmt"
	"unicode/utf8"

	"olmotool/internal/ordjson"
)

// Field says where two JSON values first differ: the path of the field and
// what both have there; nothing if they are equal.
func Field(path string, a, b any) string {
	if Encode(a) == Encode(b) {
		return ""
	}
	switch x := a.(type) {
	case *ordjson.Object:
		y, ok := b.(*ordjson.Object)
		if !ok {
			break
		}
		for _, key := range Keys(x, y) {
			at := path + fmt.Sprintf(".%.40s", key)
			p, inX := x.Get(key)
			q, inY := y.Get(key)
			if inX != inY { // what that means depends on the field
				return said(at, present(p, inX), present(q, inY))
			}
			if d := Field(at, p, q); d != "" {
				return d
			}
		}
	case []any:
		y, ok := b.([]any)
		if !ok {
			break
		}
		for i := range min(len(x), len(y)) {
			if d := Field(fmt.Sprintf("%s[%d]", path, i), x[i], y[i]); d != "" {
				return d
			}
		}
		return fmt.Sprintf("%s: %d and %d entries", path, len(x), len(y))
	}
	return said(path, Encode(a), Encode(b))
}

func said(path, a, b string) string {
	x, y := Apart(a, b)
	return fmt.Sprintf("%s: %s and %s", path, x, y)
}

// present is the text of a member, if it is there.
func present(v any, ok bool) string {
	if ok && v == nil {
		return "null"
	}
	return Encode(v)
}

// Encode is the text of a value with keys in one order.
func Encode(v any) string {
	if v == nil {
		return "none"
	}
	b, err := ordjson.Encode(v, ordjson.Options{SortKeys: true})
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Apart cuts two texts such that it is seen where they differ.
func Apart(a, b string) (x, y string) {
	const before, most = 16, 80
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	cut := func(s string) string {
		lead := ""
		if from := same - before; from > 0 && len(s) > most {
			for from < len(s) && !utf8.RuneStart(s[from]) {
				from++
			}
			s, lead = s[from:], "…"
		}
		if len(s) > most {
			to := most
			for !utf8.RuneStart(s[to]) {
				to--
			}
			s = s[:to] + "…"
		}
		return lead + s
	}
	return cut(a), cut(b)
}

// Keys returns the keys of both, each once.
func Keys(a, b *ordjson.Object) []string {
	keys := a.Keys()
	for _, k := range b.Keys() {
		if _, ok := a.Get(k); !ok {
			keys = append(keys, k)
		}
	}
	return keys
}
