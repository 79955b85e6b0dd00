package ggufmeta

import (
	"strings"
	"unicode/utf8"
)

// byteOf is the byte-level alphabet backwards: the byte for which a character
// stands. Printable characters of Latin-1 stand for themselves, the other bytes
// have the characters from U+0100 on, in their order.
var byteOf = func() map[rune]byte {
	m := map[rune]byte{}
	next := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			m[b] = byte(b)
			continue
		}
		m[next] = byte(b)
		next++
	}
	return m
}()

// decodeByteLevel returns the text of a token of the byte-level alphabet. A token
// with a character from outside of the alphabet is text already.
func decodeByteLevel(token string) string {
	var b []byte
	for _, r := range token {
		c, ok := byteOf[r]
		if !ok {
			return token
		}
		b = append(b, c)
	}
	return validUTF8(b)
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
