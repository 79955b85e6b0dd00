// Package jsonnum writes structs whose numbers may be NaN or infinite, which
// JSON has no words for: these become null.
package jsonnum

import (
	"encoding/json"
	"math"
	"reflect"
)

var (
	number = reflect.TypeFor[float64]()
	list   = reflect.TypeFor[[]float64]()
)

// Marshal returns the JSON of a struct, with null for each field of type
// float64, and each element of a []float64, that is not finite. The type must
// have exported fields only and no MarshalJSON of its own; fields of other types
// are written as encoding/json writes them.
func Marshal(v any) ([]byte, error) {
	from := reflect.ValueOf(v)
	fields := make([]reflect.StructField, from.NumField())
	for i := range fields {
		f := from.Type().Field(i)
		switch f.Type {
		case number:
			f.Type = reflect.TypeFor[*float64]()
		case list:
			f.Type = reflect.TypeFor[[]*float64]()
		}
		fields[i] = reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag}
	}
	to := reflect.New(reflect.StructOf(fields)).Elem()
	for i := range fields {
		switch x := from.Field(i); x.Type() {
		case number:
			to.Field(i).Set(reflect.ValueOf(finite(x.Float())))
		case list:
			all := x.Interface().([]float64)
			if all == nil {
				continue
			}
			out := make([]*float64, len(all))
			for k, f := range all {
				out[k] = finite(f)
			}
			to.Field(i).Set(reflect.ValueOf(out))
		default:
			to.Field(i).Set(x)
		}
	}
	return json.Marshal(to.Interface())
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
