package ggufmeta

import (
	"strings"
	"unicode/utf8"

	"olmotool/formats/tokenizer"
)

// decodeByteLevel returns the text of a token of the byte-level alphabet. A token
// with a character from outside of the alphabet is text already.
func decodeByteLevel(token string) string {
	text, ok := tokenizer.DecodeToken(token)
	if !ok {
		return token
	}
	return validUTF8([]byte(text))
}

// validUTF8 replaces what is not UTF-8 by U+FFFD, one for each longest start of
// a character, as the Unicode Standard recommends (and Go's own conversion does
// not: it replaces each byte).
func validUTF8(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = startLength(b)
		}
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

// startLength returns how many bytes of b, which does not begin with a
// character, could begin one.
func startLength(b []byte) int {
	// A start is one if some end makes a character of it.
	for n := min(3, len(b)); n > 1; n-- {
		for _, end := range []string{"\x80", "\x80\x80", "\xbf", "\xbf\xbf"} {
			if r, size := utf8.DecodeRuneInString(string(b[:n]) + end); r != utf8.RuneError && size == n+len(end) {
				return n
			}
		}
	}
	return 1
}
