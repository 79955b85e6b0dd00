package ggufmeta

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// The golden files are what the official converter makes of the same cases:
// testdata/make.py.

func readGolden(t testing.TB, name string) any {
	t.Helper()
	return parse(t, readFile(t, "testdata/"+name))
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, data []byte) any {
	t.Helper()
	v, err := ordjson.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := ordjson.Encode(v, ordjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// memory is a directory in memory.
type memory map[string][]byte

func (m memory) source(dir string, config *ordjson.Object) Source {
	return Source{
		DirName: dir,
		Config:  config,
		Read: func(name string) ([]byte, error) {
			if data, ok := m[name]; ok {
				return data, nil
			}
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		},
		List: func(dir string) ([]string, error) {
			var names []string
			for name := range m {
				if path.Dir(name) == dir {
					names = append(names, path.Base(name))
				}
			}
			return names, nil
		},
	}
}

func object(v any) *ordjson.Object {
	o, _ := v.(*ordjson.Object)
	return o
}

func member(o *ordjson.Object, key string) any {
	v, _ := get(o, key)
	return v
}

// wanted turns a record of a golden file into one with Go's types; first has the
// arrays that the record may be told by its differences from.
func wanted(t *testing.T, record any, first map[string]any) gguf.KV {
	t.Helper()
	r := record.([]any)
	kv := gguf.KV{Key: r[0].(string)}
	if o, ok := r[2].(*ordjson.Object); ok {
		r[2] = patched(t, first[kv.Key], o)
	}
	number := func(v any) float64 {
		if s, ok := v.(string); ok { // nan, -inf
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if v == true || v == false { // a number to Python
			return map[any]float64{true: 1, false: 0}[v]
		}
		f, err := ordjson.Float(v)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	switch kind, item, _ := strings.Cut(r[1].(string), " "); kind {
	case "string", "bool":
		kv.Value = r[2]
	case "uint32":
		kv.Value = uint32(number(r[2]))
	case "int32":
		kv.Value = int32(number(r[2]))
	case "float32":
		kv.Value = float32(number(r[2]))
	case "array":
		list := r[2].([]any)
		switch item {
		case "string":
			kv.Value = convert(list, func(v any) string { return v.(string) })
		case "bool":
			kv.Value = convert(list, func(v any) bool { return v.(bool) })
		case "int32":
			kv.Value = convert(list, func(v any) int32 { return int32(number(v)) })
		case "float32":
			kv.Value = convert(list, func(v any) float32 { return float32(number(v)) })
		}
	}
	if kv.Value == nil {
		t.Fatalf("golden record of type %v", r[1])
	}
	return kv
}

func convert[T any](list []any, one func(any) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = one(v)
	}
	return out
}

func patched(t *testing.T, first any, o *ordjson.Object) []any {
	n, err := ordjson.Int(member(o, "len"))
	if err != nil {
		t.Fatal(err)
	}
	list := make([]any, n)
	copy(list, first.([]any))
	diff := object(member(o, "diff"))
	for i := range diff.Len() {
		key, v := diff.At(i)
		at, err := ordjson.Int(json.Number(key))
		if err != nil {
			t.Fatal(err)
		}
		list[at] = v
	}
	return list
}

func compare(t *testing.T, got, want []gguf.KV) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("record %d: got none, want %.200v", i, want[i])
		case i >= len(want):
			t.Errorf("record %d: got %.200v, want none", i, got[i])
		case got[i].Key != want[i].Key || reflect.TypeOf(got[i].Value) != reflect.TypeOf(want[i].Value):
			t.Errorf("record %d: got %.200v (%T), want %.200v (%T)", i, got[i], got[i].Value, want[i], want[i].Value)
		case !sameValue(got[i].Value, want[i].Value):
			t.Errorf("record %d: %s", i, difference(got[i], want[i]))
		}
	}
}

// sameValue takes all NaN for equal.
func sameValue(a, b any) bool {
	return reflect.DeepEqual(a, b) || fmt.Sprint(a) == fmt.Sprint(b) && strings.Contains(fmt.Sprint(a), "NaN")
}

func difference(got, want gguf.KV) string {
	g, ok1 := got.Value.([]string)
	w, ok2 := want.Value.([]string)
	if ok1 && ok2 && len(g) == len(w) {
		for i := range g {
			if g[i] != w[i] {
				return fmt.Sprintf("%s[%d]: got %q, want %q", got.Key, i, g[i], w[i])
			}
		}
	}
	return fmt.Sprintf("got %.300q, want %.300q", fmt.Sprint(got), fmt.Sprint(want))
}
