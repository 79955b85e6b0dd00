package safetensors

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"olmotool/formats"
)

// encoder writes JSON as serde_json does: no spaces, and nothing escaped that
// need not be.
type encoder struct {
	out   []byte
	begun bool // a member has been written
}

func (e *encoder) member(key string) {
	if e.begun {
		e.out = append(e.out, ',')
	}
	e.begun = true
	e.string(key)
	e.out = append(e.out, ':')
}

func (e *encoder) metadata(metadata map[string]string) error {
	if metadata == nil {
		return nil
	}
	e.member(metadataKey)
	e.out = append(e.out, '{')
	e.begun = false
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		v := metadata[k]
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("metadata %.120q: found text that is not UTF-8, expected UTF-8", k)
		}
		if len(k)+len(v) > maxHeader-len(e.out) {
			return fmt.Errorf("safetensors: found metadata of more than %d bytes, expected a header of at most that many", maxHeader)
		}
		e.member(k)
		e.string(v)
	}
	e.out = append(e.out, '}')
	e.begun = true
	return nil
}

func (e *encoder) tensor(t formats.Tensor, begin, end int64) {
	e.member(t.Name)
	e.out = append(e.out, `{"dtype":"`...)
	e.out = append(e.out, t.DType.String()...)
	e.out = append(e.out, `","shape":[`...)
	for i, n := range t.Shape {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.out = strconv.AppendInt(e.out, n, 10)
	}
	e.out = append(e.out, `],"data_offsets":[`...)
	e.out = strconv.AppendInt(e.out, begin, 10)
	e.out = append(e.out, ',')
	e.out = strconv.AppendInt(e.out, end, 10)
	e.out = append(e.out, `]}`...)
}

func (e *encoder) string(s string) {
	e.out = append(e.out, '"')
	from := 0 // what follows is not yet written
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		e.out = append(e.out, s[from:i]...)
		from = i + 1
		switch c {
		case '\b':
			e.out = append(e.out, `\b`...)
		case '\t':
			e.out = append(e.out, `\t`...)
		case '\n':
			e.out = append(e.out, `\n`...)
		case '\f':
			e.out = append(e.out, `\f`...)
		case '\r':
			e.out = append(e.out, `\r`...)
		case '"', '\\':
			e.out = append(e.out, '\\', c)
		default:
			const digits = "0123456789abcdef"
			e.out = append(e.out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	e.out = append(e.out, s[from:]...)
	e.out = append(e.out, '"')
}
