package ordjson

import (
	"encoding/json"
)

// Parse returns the value of a document: nil, bool, json.Number, string, []any
// or *Object. Errors are of type *SyntaxError.
func Parse(data []byte) (any, error) {
	s, err := NewScanner(string(data))
	if err != nil {
		return nil, err
	}
	v, err := s.Value()
	if err != nil {
		return nil, err
	}
	return v, s.End()
}

// ParseObject is [Parse] for a document that must be an object.
func ParseObject(data []byte) (*Object, error) {
	s, err := NewScanner(string(data))
	if err != nil {
		return nil, err
	}
	if c := s.Peek(); c != '{' {
		return nil, s.fail(s.pos, "an object")
	}
	v, err := s.Value()
	if err != nil {
		return nil, err
	}
	return v.(*Object), s.End()
}

// Value reads the next value, whatever it is.
func (s *Scanner) Value() (any, error) {
	c := s.Peek()
	if s.values++; s.values > maxValues {
		return nil, errorAt(s.pos, "found more than %d values, expected at most that many", maxValues)
	}
	switch {
	case c == '{':
		o := new(Object)
		err := s.Object(func(key string, at int) error {
			if o.find(key) >= 0 {
				return Duplicate(key, at)
			}
			v, err := s.Value()
			if err == nil {
				o.add(key, v)
			}
			return err
		})
		return o, err
	case c == '[':
		a := []any{}
		err := s.Array(func(int) error {
			v, err := s.Value()
			if err == nil {
				a = append(a, v)
			}
			return err
		})
		return a, err
	case c == '"':
		return s.String()
	case c == '-' || isDigit(c):
		text, err := s.Number()
		return json.Number(text), err
	case s.literal("true"):
		return true, nil
	case s.literal("false"):
		return false, nil
	case s.literal("null"):
		return nil, nil
	}
	return nil, s.fail(s.pos, "a value")
}

// Skip reads past the next value without keeping it. It is as strict as Value,
// except that it does not look for duplicate keys.
func (s *Scanner) Skip() error {
	var err error
	switch c := s.Peek(); {
	case c == '{':
		return s.Object(func(string, int) error { return s.Skip() })
	case c == '[':
		return s.Array(func(int) error { return s.Skip() })
	case c == '"':
		_, err = s.String()
	case c == '-' || isDigit(c):
		_, err = s.Number()
	case s.literal("true"), s.literal("false"), s.literal("null"):
	default:
		err = s.fail(s.pos, "a value")
	}
	return err
}
