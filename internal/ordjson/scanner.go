package ordjson

import (
	"strings"
	"unicode/utf8"
)

const (
	// maxDepth is how deeply containers may be nested. Real files need less
	// than ten; the limit keeps recursion shallow.
	maxDepth = 128

	// maxValues is how many values a document that is built in memory may have.
	// The largest tokenizers have about two million; the limit keeps a file of
	// the shortest values from taking dozens of times its size.
	maxValues = 4 << 20
)

// Scanner reads a document value by value, in order. After an error it must
// not be used any more. Strings that it returns may be parts of the document.
type Scanner struct {
	src    string
	pos    int
	depth  int
	values int
}

// NewScanner returns a scanner at the start of a document, which must be valid
// UTF-8.
func NewScanner(src string) (*Scanner, error) {
	if !utf8.ValidString(src) {
		for i := 0; ; {
			r, n := utf8.DecodeRuneInString(src[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, errorAt(i, "found invalid UTF-8 (byte 0x%02x), expected UTF-8 text", src[i])
			}
			i += n
		}
	}
	return &Scanner{src: src}, nil
}

// Peek returns the first byte of what comes next, and 0 at the end.
func (s *Scanner) Peek() byte {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// Pos returns the offset of the next byte; after Peek, that of what comes next.
func (s *Scanner) Pos() int { return s.pos }

// End makes sure that nothing but white space is left.
func (s *Scanner) End() error {
	if s.Peek(); s.pos < len(s.src) {
		return s.fail(s.pos, "the end of the document")
	}
	return nil
}

// Object reads an object. It calls f for each member, with the key and its
// offset; f must read the value and must refuse a key that it has seen before
// (see [Duplicate]).
func (s *Scanner) Object(f func(key string, at int) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	if s.Peek() == '}' {
		return s.close()
	}
	for {
		if s.Peek() != '"' {
			return s.fail(s.pos, "a key in double quotes")
		}
		at := s.pos
		key, err := s.String()
		if err != nil {
			return err
		}
		if s.Peek() != ':' {
			return s.fail(s.pos, "':'")
		}
		s.pos++
		if err := f(key, at); err != nil {
			return err
		}
		switch s.Peek() {
		case ',':
			s.pos++
		case '}':
			return s.close()
		default:
			return s.fail(s.pos, "',' or '}'")
		}
	}
}

// Array reads an array. It calls f for each element, counted from 0; f must
// read it.
func (s *Scanner) Array(f func(i int) error) error {
	if err := s.open('[', "an array"); err != nil {
		return err
	}
	if s.Peek() == ']' {
		return s.close()
	}
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			return err
		}
		switch s.Peek() {
		case ',':
			s.pos++
		case ']':
			return s.close()
		default:
			return s.fail(s.pos, "',' or ']'")
		}
	}
}

func (s *Scanner) open(bracket byte, what string) error {
	if s.Peek() != bracket {
		return s.fail(s.pos, what)
	}
	if s.depth++; s.depth > maxDepth {
		return errorAt(s.pos, "found more than %d levels of nesting, expected at most that many", maxDepth)
	}
	s.pos++
	return nil
}

func (s *Scanner) close() error {
	s.depth--
	s.pos++
	return nil
}

// literal reads word if it comes next and stands alone.
func (s *Scanner) literal(word string) bool {
	rest, ok := strings.CutPrefix(s.src[s.pos:], word)
	if !ok || rest != "" && isWord(rest[0]) {
		return false
	}
	s.pos += len(word)
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
