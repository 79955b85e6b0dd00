package ggufmeta

import (
	"encoding/json"
	"fmt"

	"olmotool/internal/ordjson"
)

// describe names a value of JSON or YAML for a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		return "the string " + quote(v)
	case json.Number:
		return "the number " + shorten(string(v))
	case float64:
		return fmt.Sprintf("the number %v", v)
	case []any:
		return "a list"
	case *ordjson.Object:
		return "a mapping"
	case opaque:
		return string(v)
	}
	return fmt.Sprintf("%T", v)
}

// quote shortens what came from a file to a length that suits a message.
func quote(s string) string { return fmt.Sprintf("%q", shorten(s)) }

func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	r := []rune(s[:most])
	return string(r[:len(r)-1]) + "…"
}
