package values

import (
	"bytes"
	"encoding/json"
)

// MarshalJSON writes nested arrays: numbers, booleans, and null for what is not
// finite. What was left out is not marked. Of no elements it is one empty array,
// whatever the shape.
func (v *Values) MarshalJSON() ([]byte, error) {
	if len(v.Text) == 0 {
		return []byte("[]"), nil
	}
	var b bytes.Buffer
	text := v.Text
	var nest func(shape []int64)
	nest = func(shape []int64) {
		if len(shape) == 0 {
			if s := text[0]; json.Valid([]byte(s)) {
				b.WriteString(s)
			} else {
				b.WriteString("null")
			}
			text = text[1:]
			return
		}
		b.WriteByte('[')
		for i := range shape[0] {
			if i > 0 {
				b.WriteByte(',')
			}
			nest(shape[1:])
		}
		b.WriteByte(']')
	}
	nest(v.Shape)
	return b.Bytes(), nil
}
