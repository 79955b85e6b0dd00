package ordjson

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says why a document is not acceptable JSON.
type SyntaxError struct {
	Offset int64  // in bytes from the start of the document
	Msg    string // what was found, what was expected
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Msg) }

func errorAt(pos int, format string, args ...any) error {
	return &SyntaxError{int64(pos), fmt.Sprintf(format, args...)}
}

// Duplicate is the error for a key that an object has twice, found at that byte.
func Duplicate(key string, at int) error {
	return errorAt(at, "found key %s a second time, expected each key once", quote(key))
}

func (s *Scanner) fail(pos int, expected string) error {
	return errorAt(pos, "found %s, expected %s", s.describe(pos), expected)
}

// describe names what stands at pos for a message.
func (s *Scanner) describe(pos int) string {
	if pos >= len(s.src) {
		return "the end of the document"
	}
	switch c := s.src[pos]; {
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '"':
		return "a string"
	case isDigit(c):
		return "a number"
	case isWord(c) || c == '-':
		n := 1
		for pos+n < len(s.src) && isWord(s.src[pos+n]) && n < 24 {
			n++
		}
		return quote(s.src[pos : pos+n])
	}
	r, _ := utf8.DecodeRuneInString(s.src[pos:])
	if r == '\ufeff' {
		return "a byte order mark"
	}
	if !unicode.IsPrint(r) {
		return fmt.Sprintf("character %U", r)
	}
	return fmt.Sprintf("%q", r)
}

// quote shortens what came from a file to a length that suits a message.
func quote(text string) string {
	const most = 80
	if len(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}
