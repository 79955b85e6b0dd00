package gguf

import (
	"encoding/binary"
	"fmt"
	"reflect"
)

// byteOrder is what both orders of encoding/binary are.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// The ids of value types that are not plain numbers.
const (
	idBool   = 7
	idString = 8
	idArray  = 9
)

// valueTypes has, by id, the Go type that stands for each value type, and how
// many bytes a value takes at least: a string is a length and then its bytes,
// an array a type and a length and then its elements. Arrays have the slice
// types of the others.
var valueTypes = [...]struct {
	goType reflect.Type
	size   int64
}{
	0:        {reflect.TypeFor[uint8](), 1},
	1:        {reflect.TypeFor[int8](), 1},
	2:        {reflect.TypeFor[uint16](), 2},
	3:        {reflect.TypeFor[int16](), 2},
	4:        {reflect.TypeFor[uint32](), 4},
	5:        {reflect.TypeFor[int32](), 4},
	6:        {reflect.TypeFor[float32](), 4},
	idBool:   {reflect.TypeFor[bool](), 1},
	idString: {reflect.TypeFor[string](), 8},
	idArray:  {nil, 4 + 8},
	10:       {reflect.TypeFor[uint64](), 8},
	11:       {reflect.TypeFor[int64](), 8},
	12:       {reflect.TypeFor[float64](), 8},
}

// valueID returns the id of v's type and, for an array, that of its elements.
func valueID(v any) (id, elem uint32, ok bool) {
	t := reflect.TypeOf(v)
	if t == nil {
		return 0, 0, false
	}
	if elem, ok = scalarID(t); ok {
		return elem, 0, true
	}
	if t.Kind() == reflect.Slice && t.Name() == "" {
		elem, ok = scalarID(t.Elem())
		return idArray, elem, ok
	}
	return 0, 0, false
}

func scalarID(t reflect.Type) (uint32, bool) {
	for id, v := range valueTypes {
		if v.goType == t {
			return uint32(id), true
		}
	}
	return 0, false
}

// describe names the type of v for messages: "uint32", "array of string".
func describe(v any) string {
	switch id, elem, ok := valueID(v); {
	case !ok:
		return fmt.Sprintf("%T, a type that GGUF does not have", v)
	case id == idArray:
		return "array of " + valueTypes[elem].goType.String()
	default:
		return valueTypes[id].goType.String()
	}
}

// appendValue appends the type of v and v itself to b.
func appendValue(b []byte, order byteOrder, v any) ([]byte, error) {
	id, elem, ok := valueID(v)
	if !ok {
		return nil, fmt.Errorf("found a value of type %s", describe(v))
	}
	b = order.AppendUint32(b, id)
	if id == idArray {
		b = order.AppendUint32(b, elem)
		b = order.AppendUint64(b, uint64(reflect.ValueOf(v).Len()))
	}
	switch v := v.(type) {
	case string:
		return appendString(b, order, v), nil
	case []string:
		for _, s := range v {
			b = appendString(b, order, s)
		}
		return b, nil
	}
	return binary.Append(b, order, v)
}

func appendString(b []byte, order byteOrder, s string) []byte {
	return append(order.AppendUint64(b, uint64(len(s))), s...)
}
