package gguf

import (
	"fmt"
	"slices"
)

// KV is one key-value record. Value has the Go type that stands for its GGUF
// type: uint8, int8, uint16, int16, uint32, int32, float32, bool, string,
// uint64, int64, float64, or a slice of one of these for an array.
type KV struct {
	Key   string
	Value any
}

// Lookup returns the value of key, and false if there is none. A value of
// another type than T is an error that names both types: the format has no
// conversions, and a reader that makes some up disagrees with the next one.
func Lookup[T any](kvs []KV, key string) (T, bool, error) {
	var zero T
	i := index(kvs, key)
	if i < 0 {
		return zero, false, nil
	}
	v, ok := kvs[i].Value.(T)
	if !ok {
		return zero, false, fmt.Errorf("key %q: found %s, expected %s", key, describe(kvs[i].Value), describe(zero))
	}
	return v, true, nil
}

// Set returns kvs with the value of key replaced where it stands, or added at
// the end. The list that was given is not changed.
func Set(kvs []KV, key string, value any) []KV {
	kvs = slices.Clone(kvs)
	if i := index(kvs, key); i >= 0 {
		kvs[i].Value = value
		return kvs
	}
	return append(kvs, KV{key, value})
}

// Delete returns kvs without key. The list that was given is not changed.
func Delete(kvs []KV, key string) []KV {
	return slices.DeleteFunc(slices.Clone(kvs), func(kv KV) bool { return kv.Key == key })
}

func index(kvs []KV, key string) int {
	return slices.IndexFunc(kvs, func(kv KV) bool { return kv.Key == key })
}
