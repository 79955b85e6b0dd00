package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// section is an object of a tokenizer.json and where it is.
type section struct {
	file, place string // place is empty for the whole document
	o           *ordjson.Object
}

func (s section) at(key string) string {
	if s.place == "" {
		return key
	}
	return s.place + "." + key
}

func (s section) fail(key, found, expected string) error {
	return formats.Errorf(s.file, s.at(key), "found %s, expected %s", found, expected)
}

// only refuses members of other names: what they would do is not known.
func (s section) only(keys ...string) error {
	for _, key := range s.o.Keys() {
		if !slices.Contains(keys, key) {
			return formats.Errorf(s.file, s.place, "found %s, expected only %s", quote(key), strings.Join(keys, ", "))
		}
	}
	return nil
}

// get is a member, nil if there is none.
func (s section) get(key string) any {
	v, _ := s.o.Get(key)
	return v
}

// need returns a member that must be there and of type T.
func need[T any](s section, key string) (T, error) {
	v, ok := s.get(key).(T)
	if !ok {
		return v, s.fail(key, describe(s.get(key)), kind(any(v)))
	}
	return v, nil
}

// optional is need for a member that may be missing or null; then it is other.
func optional[T any](s section, key string, other T) (T, error) {
	if s.get(key) == nil {
		return other, nil
	}
	return need[T](s, key)
}

// section returns a member that must be an object.
func (s section) section(key string) (section, error) {
	return s.object(s.at(key), s.get(key))
}

func (s section) object(place string, v any) (section, error) {
	o, ok := v.(*ordjson.Object)
	if !ok {
		return section{}, formats.Errorf(s.file, place, "found %s, expected an object", describe(v))
	}
	return section{s.file, place, o}, nil
}

// sections returns a member that must be a list of objects.
func (s section) sections(key string) ([]section, error) {
	list, err := need[[]any](s, key)
	if err != nil {
		return nil, err
	}
	all := make([]section, len(list))
	for i, v := range list {
		if all[i], err = s.object(fmt.Sprintf("%s[%d]", s.at(key), i), v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// stages returns the stages that a member is made of, in their order: none for
// null, the members of a sequence, or the one that it is.
func (s section) stages(key, members string) ([]section, error) {
	if s.get(key) == nil {
		return nil, nil
	}
	stage, err := s.section(key)
	if err != nil || stage.get("type") != "Sequence" {
		return []section{stage}, err
	}
	if err := stage.only("type", members); err != nil {
		return nil, err
	}
	all, err := stage.sections(members)
	if err == nil && len(all) > maxStages {
		err = stage.fail(members, fmt.Sprintf("%d stages", len(all)), fmt.Sprintf("at most %d", maxStages))
	}
	return all, err
}

// tokenID returns the id that v is, if it is one.
func tokenID(v any) (int32, bool) {
	n, _ := v.(json.Number)
	i, err := strconv.ParseUint(string(n), 10, 32)
	return int32(min(i, maxVocab)), err == nil && i < maxVocab
}

var anID = fmt.Sprintf("an id below %d", maxVocab)

// describe names a value for a message.
func describe(v any) string {
	switch v := v.(type) {
	case bool:
		return fmt.Sprint(v)
	case string:
		return quote(v)
	case json.Number:
		return quote(string(v))
	}
	return kind(v)
}

func kind(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case *ordjson.Object:
		return "an object"
	}
	return "null"
}

// quote shortens what came from a file to a length that suits a message.
func quote(s string) string {
	const most = 120
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
}
