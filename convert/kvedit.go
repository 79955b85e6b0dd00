package convert

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"olmotool/formats/gguf"
)

// kvTypes are the types that a value may be given explicitly: KEY=TYPE:VALUE.
var kvTypes = map[string]func(s string) (any, error){
	"str":  func(s string) (any, error) { return s, nil },
	"bool": func(s string) (any, error) { return strconv.ParseBool(s) },
	"u8":   func(s string) (any, error) { n, err := strconv.ParseUint(s, 0, 8); return uint8(n), err },
	"i8":   func(s string) (any, error) { n, err := strconv.ParseInt(s, 0, 8); return int8(n), err },
	"u16":  func(s string) (any, error) { n, err := strconv.ParseUint(s, 0, 16); return uint16(n), err },
	"i16":  func(s string) (any, error) { n, err := strconv.ParseInt(s, 0, 16); return int16(n), err },
	"u32":  func(s string) (any, error) { n, err := strconv.ParseUint(s, 0, 32); return uint32(n), err },
	"i32":  func(s string) (any, error) { n, err := strconv.ParseInt(s, 0, 32); return int32(n), err },
	"u64":  func(s string) (any, error) { return strconv.ParseUint(s, 0, 64) },
	"i64":  func(s string) (any, error) { return strconv.ParseInt(s, 0, 64) },
	"f32":  func(s string) (any, error) { x, err := strconv.ParseFloat(s, 32); return float32(x), err },
	"f64":  func(s string) (any, error) { return strconv.ParseFloat(s, 64) },
}

// kvTypeOf names the type of a value; empty for an array.
func kvTypeOf(v any) string {
	switch v.(type) {
	case string:
		return "str"
	case bool:
		return "bool"
	case uint8:
		return "u8"
	case int8:
		return "i8"
	case uint16:
		return "u16"
	case int16:
		return "i16"
	case uint32:
		return "u32"
	case int32:
		return "i32"
	case uint64:
		return "u64"
	case int64:
		return "i64"
	case float32:
		return "f32"
	case float64:
		return "f64"
	}
	return ""
}

// editKVs returns a function that applies --set and --unset. A key that exists
// keeps its type; a new one has the type that is written before its value, or
// else is a bool, an integer (i32, or i64 if it must), an f32 or a string.
func editKVs(set, unset []string) func([]gguf.KV) ([]gguf.KV, error) {
	if len(set)+len(unset) == 0 {
		return nil
	}
	return func(kvs []gguf.KV) ([]gguf.KV, error) {
		for _, key := range unset {
			n := len(kvs)
			if kvs = gguf.Delete(kvs, key); len(kvs) == n {
				return nil, usagef("--unset %s: found no such key", key)
			}
		}
		for _, s := range set {
			key, text, ok := strings.Cut(s, "=")
			if !ok || key == "" {
				return nil, usagef("--set %s: expected KEY=VALUE", s)
			}
			v, err := kvValue(kvs, key, text)
			if err != nil {
				return nil, usagef("--set %s: %w", s, err)
			}
			kvs = gguf.Set(kvs, key, v)
		}
		return kvs, nil
	}
}

func kvValue(kvs []gguf.KV, key, text string) (any, error) {
	kind, rest, typed := strings.Cut(text, ":")
	if parse := kvTypes[kind]; typed && parse != nil {
		return parse(rest)
	}
	for _, kv := range kvs {
		if kv.Key != key {
			continue
		}
		kind := kvTypeOf(kv.Value)
		if kind == "" {
			return nil, fmt.Errorf("found an array, which cannot be set")
		}
		v, err := kvTypes[kind](text)
		if err != nil {
			return nil, fmt.Errorf("expected a value of type %s as before, or TYPE:VALUE: %w", kind, err)
		}
		return v, nil
	}
	if text == "true" || text == "false" {
		return text == "true", nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n >= math.MinInt32 && n <= math.MaxInt32 {
			return int32(n), nil
		}
		return n, nil
	}
	if x, err := strconv.ParseFloat(text, 32); err == nil {
		return float32(x), nil
	}
	return text, nil
}
