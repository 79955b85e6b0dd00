package olmo

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// The trainer keeps nested dicts in safetensors, whose names are flat texts: it
// pickles the keys that lead to a value, and whether the value was no tensor and
// is itself a pickle, and writes that in base64 (state_dict_to_safetensors_file
// of OLMo).

// weirdKey is what such a name says.
type weirdKey struct {
	path    []any // of string and int64, one at least
	pickled bool  // the bytes are a pickle of a value that is no tensor
}

// decodeWeird reads a name. Of the texts that Python would read as one name only
// that in plain base64 is taken, and nothing in the pickle is ever called.
func decodeWeird(name string) (weirdKey, error) {
	var key weirdKey
	b, err := base64.URLEncoding.Strict().DecodeString(name)
	if err != nil || strings.ContainsAny(name, "\r\n") { // which Go skips
		return key, errors.New("found a name that is not in base64, expected that of a pickled key, as the trainer writes it")
	}
	v, scan, err := torch.ReadPickle("", bytes.NewReader(b), 0, int64(len(b)))
	if err != nil {
		if e, ok := errors.AsType[*formats.Error](err); ok {
			err = fmt.Errorf("%s: %s", e.Place, e.Msg)
		}
		return key, fmt.Errorf("pickle in the name: %w", err)
	}
	if scan.End != int64(len(b)) {
		return key, fmt.Errorf("pickle in the name: found %d bytes behind its end, expected none", int64(len(b))-scan.End)
	}
	pair, ok := v.(*torch.Tuple)
	if !ok || len(pair.Items) != 2 {
		return key, errNoWeirdKey
	}
	path, isTuple := pair.Items[0].(*torch.Tuple)
	if key.pickled, ok = pair.Items[1].(bool); !ok || !isTuple || len(path.Items) == 0 {
		return key, errNoWeirdKey
	}
	for _, part := range path.Items {
		s, isText := part.(string)
		if _, isInt := part.(int64); !isInt && (!isText || !utf8.ValidString(s)) {
			return key, errNoWeirdKey
		}
		key.path = append(key.path, part)
	}
	return key, nil
}

var errNoWeirdKey = errors.New("pickle in the name: found another value, expected a tuple of texts and numbers, and a flag")

// encodeWeird writes the name of a tensor that one key leads to, as Python 3.8 to
// 3.13 do. The key is ASCII and has less than 256 bytes.
func encodeWeird(key string) string {
	const proto, frame, shortText, memoize, tuple1, tuple2, newFalse, stop = 0x80, 0x95, 0x8c, 0x94, 0x85, 0x86, 0x89, '.'
	body := append([]byte{shortText, byte(len(key))}, key...)
	body = append(body, memoize, tuple1, memoize, newFalse, tuple2, memoize, stop)
	out := binary.LittleEndian.AppendUint64([]byte{proto, 4, frame}, uint64(len(body)))
	return base64.URLEncoding.EncodeToString(append(out, body...))
}
