package ordjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string.
func (s *Scanner) String() (string, error) {
	if s.Peek() != '"' {
		return "", s.fail(s.pos, "a string")
	}
	start := s.pos + 1
	i := start
	for i < len(s.src) && s.src[i] >= ' ' && s.src[i] != '"' && s.src[i] != '\\' {
		i++
	}
	if i < len(s.src) && s.src[i] == '"' { // nothing to unescape: a part of the document
		s.pos = i + 1
		return s.src[start:i], nil
	}
	var b strings.Builder
	b.WriteString(s.src[start:i])
	for i < len(s.src) {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return b.String(), nil
		case c < ' ':
			return "", errorAt(i, "found raw control character 0x%02x in a string, expected it escaped", c)
		case c == '\\':
			r, n, err := s.escape(i)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			i += n
		default:
			run := i
			for i < len(s.src) && s.src[i] >= ' ' && s.src[i] != '"' && s.src[i] != '\\' {
				i++
			}
			b.WriteString(s.src[run:i])
		}
	}
	return "", errorAt(len(s.src), "found the end of the document, expected the '\"' that ends the string at byte %d", start-1)
}

// escape reads the escape sequence at i and returns what it stands for and its
// length.
func (s *Scanner) escape(i int) (r rune, n int, err error) {
	if i+1 == len(s.src) {
		return 0, 0, s.fail(i+1, "an escape")
	}
	switch c := s.src[i+1]; c {
	case '"', '\\', '/':
		return rune(c), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
	default:
		r, size := utf8.DecodeRuneInString(s.src[i+1:])
		if r < ' ' {
			return 0, 0, errorAt(i, "found '\\' before character %U, expected an escape", r)
		}
		return 0, 0, errorAt(i, "found %s, expected an escape", strconv.Quote(s.src[i:i+1+size]))
	}
	r, ok := s.hex(i + 2)
	if !ok {
		return 0, 0, errorAt(i, "found %s, expected \\u and four hexadecimal digits", quote(s.src[i:min(i+6, len(s.src))]))
	}
	if !utf16.IsSurrogate(r) {
		return r, 6, nil
	}
	if low, ok := s.hex(i + 8); ok && s.src[i+6:i+8] == `\u` {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12, nil
		}
	}
	return 0, 0, errorAt(i, "found lone surrogate %s, expected a pair", s.src[i:i+6])
}

// hex reads four hexadecimal digits at i.
func (s *Scanner) hex(i int) (rune, bool) {
	if i+4 > len(s.src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.src[i : i+4]) {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Number reads a number and returns its text.
func (s *Scanner) Number() (string, error) {
	if c := s.Peek(); c != '-' && !isDigit(c) {
		return "", s.fail(s.pos, "a number")
	}
	start := s.pos
	n, expected := scanNumber(s.src[start:])
	if expected != "" {
		return "", errorAt(start+n, "found %s, expected %s", s.describe(start+n), expected)
	}
	s.pos = start + n
	return s.src[start:s.pos], nil
}

// scanNumber returns the length of the number at the start of text; if there is
// none, the place where it breaks off and what was expected there.
func scanNumber(text string) (n int, expected string) {
	at := func(i int) byte {
		if i < len(text) {
			return text[i]
		}
		return 0
	}
	digits := func() bool {
		start := n
		for isDigit(at(n)) {
			n++
		}
		return n > start
	}
	if at(n) == '-' {
		n++
	}
	zero := at(n) == '0'
	start := n
	switch {
	case !digits():
		return n, "a digit"
	case zero && n > start+1:
		return start, "a number without leading zeros"
	}
	if at(n) == '.' {
		if n++; !digits() {
			return n, "a digit after the decimal point"
		}
	}
	if c := at(n); c == 'e' || c == 'E' {
		n++
		if c := at(n); c == '+' || c == '-' {
			n++
		}
		if !digits() {
			return n, "a digit in the exponent"
		}
	}
	return n, ""
}
