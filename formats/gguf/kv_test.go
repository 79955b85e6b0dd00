package gguf

import (
	"fmt"
	"reflect"
	"testing"
)

func TestLookup(t *testing.T) {
	kvs := []KV{{"n", uint32(7)}, {"s", "x"}, {"tokens", []string{"a"}}, {"empty", []int32{}}}
	if v, ok, err := Lookup[uint32](kvs, "n"); v != 7 || !ok || err != nil {
		t.Error(v, ok, err)
	}
	if v, ok, err := Lookup[[]string](kvs, "tokens"); len(v) != 1 || !ok || err != nil {
		t.Error(v, ok, err)
	}
	if v, ok, err := Lookup[any](kvs, "s"); v != "x" || !ok || err != nil {
		t.Error(v, ok, err)
	}
	if v, ok, err := Lookup[string](kvs, "absent"); v != "" || ok || err != nil {
		t.Error(v, ok, err)
	}
	for _, x := range []struct {
		err  error
		want string
	}{
		{third(Lookup[int32](kvs, "n")), `key "n": found uint32, expected int32`},
		{third(Lookup[[]string](kvs, "s")), `key "s": found string, expected array of string`},
		{third(Lookup[[]int32](kvs, "tokens")), `key "tokens": found array of string, expected array of int32`},
		{third(Lookup[bool](kvs, "empty")), `key "empty": found array of int32, expected bool`},
	} {
		if fmt.Sprint(x.err) != x.want {
			t.Errorf("got %v, want %s", x.err, x.want)
		}
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

func TestSetDelete(t *testing.T) {
	kvs := []KV{{"a", "1"}, {"b", "2"}, {"c", "3"}}
	for _, x := range []struct{ got, want []KV }{
		{Set(kvs, "b", uint8(9)), []KV{{"a", "1"}, {"b", uint8(9)}, {"c", "3"}}},
		{Set(kvs, "d", true), []KV{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", true}}},
		{Set(nil, "d", true), []KV{{"d", true}}},
		{Delete(kvs, "b"), []KV{{"a", "1"}, {"c", "3"}}},
		{Delete(kvs, "x"), kvs},
	} {
		if !reflect.DeepEqual(x.got, x.want) {
			t.Errorf("got %v, want %v", x.got, x.want)
		}
	}
	if want := []KV{{"a", "1"}, {"b", "2"}, {"c", "3"}}; !reflect.DeepEqual(kvs, want) {
		t.Errorf("the list that was given became %v", kvs)
	}
}
