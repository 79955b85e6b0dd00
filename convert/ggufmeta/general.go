package ggufmeta

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// General returns the records from general.architecture to general.languages,
// in the order of the file.
//
// Where the official converter stops because a value has a type it cannot
// write, such as a version 1.0 without quotes, General returns a
// *formats.Error.
func General(src Source, o Options, arch string) ([]gguf.KV, error) {
	m, err := collect(src, o)
	if err != nil {
		return nil, err
	}
	w := recorder{kvs: []gguf.KV{
		{Key: "general.architecture", Value: arch},
		{Key: "general.type", Value: "model"},
	}}
	for _, s := range sampling {
		w.add(samplingRecord(s.key, s.kind, m[s.key]))
	}
	for _, a := range authorship {
		if list, ok := m[a.field].v.([]any); ok && a.field == "license" {
			w.add(licenseRecord(a.key, m[a.field], list))
			continue
		}
		w.add(textRecord(a.key, m[a.field]))
	}
	w.references("general.base_model.", m["base_models"])
	w.references("general.dataset.", m["datasets"])
	w.add(listRecord("general.tags", m["tags"]))
	w.add(listRecord("general.languages", m["languages"]))
	if w.err != nil {
		return nil, w.err
	}
	return w.kvs, nil
}

// recorder gathers records until the first error.
type recorder struct {
	kvs []gguf.KV
	err error
}

func (w *recorder) add(kv gguf.KV, ok bool, err error) {
	if w.err == nil {
		w.err = err
	}
	if w.err == nil && ok {
		w.kvs = append(w.kvs, kv)
	}
}

// references adds the count and the records of base models or data sets.
func (w *recorder) references(prefix string, v value) {
	if v.v == nil {
		return
	}
	list, ok := v.v.([]any)
	if !ok {
		w.add(gguf.KV{}, false, formats.Errorf(v.file, v.place, "found %s, expected a list", describe(v.v)))
		return
	}
	w.add(gguf.KV{Key: prefix + "count", Value: uint32(len(list))}, true, nil)
	for i, item := range list {
		place := fmt.Sprintf("%s[%d]", v.place, i)
		entry, ok := item.(*ordjson.Object)
		if !ok {
			w.add(gguf.KV{}, false, formats.Errorf(v.file, place, "found %s, expected a mapping", describe(item)))
			return
		}
		for _, field := range []string{"name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url"} {
			member, _ := entry.Get(field)
			w.add(textRecord(fmt.Sprintf("%s%d.%s", prefix, i, field), value{member, v.file, place + "." + field}))
		}
	}
}

// licenseRecord makes one string of a list of licences.
func licenseRecord(key string, v value, list []any) (gguf.KV, bool, error) {
	names, err := arrayOf(v, list, func(v any) (string, bool) { s, ok := v.(string); return s, ok })
	if err != nil {
		return gguf.KV{}, false, err
	}
	v.v = strings.Join(names, ",")
	return textRecord(key, v)
}

// textRecord turns a value into a record of a string. What Python takes for
// false (an empty string, no, 0, an empty list) is not written.
func textRecord(key string, v value) (kv gguf.KV, ok bool, err error) {
	s, isString := v.v.(string)
	switch {
	case !truthy(v.v):
		return kv, false, nil
	case !isString:
		return kv, false, formats.Errorf(v.file, v.place, "found %s, expected a string (put it in quotes)", describe(v.v))
	case !utf8.ValidString(s):
		return kv, false, formats.Errorf(v.file, v.place, "found %q, expected UTF-8 text", shorten(s))
	}
	return gguf.KV{Key: key, Value: s}, true, nil
}

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := ordjson.Float(v)
		return err != nil || f != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case *ordjson.Object:
		return v.Len() > 0
	}
	return true
}

// listRecord turns a list, whose items must be of one type, into a record of an
// array. An empty list is not written.
func listRecord(key string, v value) (kv gguf.KV, ok bool, err error) {
	list, isList := v.v.([]any)
	switch {
	case v.v == nil || isList && len(list) == 0:
		return kv, false, nil
	case !isList:
		return kv, false, formats.Errorf(v.file, v.place, "found %s, expected a list of strings", describe(v.v))
	}
	switch first := list[0].(type) {
	case string:
		kv.Value, err = arrayOf(v, list, func(v any) (string, bool) { s, ok := v.(string); return s, ok })
	case bool:
		kv.Value, err = arrayOf(v, list, func(v any) (bool, bool) { b, ok := v.(bool); return b, ok })
	case float64:
		kv.Value, err = arrayOf(v, list, pythonFloat)
	case json.Number:
		if isFloat(first) {
			kv.Value, err = arrayOf(v, list, pythonFloat)
		} else {
			kv.Value, err = arrayOf(v, list, pythonInt)
		}
	default:
		err = formats.Errorf(v.file, v.place+"[0]", "found %s, expected a string", describe(first))
	}
	kv.Key = key
	return kv, err == nil, err
}

func arrayOf[T any](v value, list []any, convert func(any) (T, bool)) ([]T, error) {
	array := make([]T, len(list))
	for i, item := range list {
		var ok bool
		if array[i], ok = convert(item); !ok {
			return nil, formats.Errorf(v.file, fmt.Sprintf("%s[%d]", v.place, i), "found %s, expected a string, or at least items of one type (put it in quotes)", describe(item))
		}
	}
	return array, nil
}

// pythonFloat takes the numbers that Python reads as floats.
func pythonFloat(v any) (float32, bool) {
	f, ok := v.(float64)
	if n, isNumber := v.(json.Number); isNumber && isFloat(n) {
		var err error
		f, err = ordjson.Float(n)
		ok = err == nil
	}
	overflow := math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0)
	return float32(f), ok && !overflow
}

// pythonInt takes the numbers that Python reads as integers.
func pythonInt(v any) (int32, bool) {
	n, ok := v.(json.Number)
	i, err := ordjson.Int(n)
	return int32(i), ok && err == nil && !isFloat(n) && i == int64(int32(i))
}
