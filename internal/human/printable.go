package human

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Printable keeps what came from a file from taking over a terminal or a page:
// it leaves one line of visible characters, all others written as in Go.
func Printable(s string) string {
	bad := func(r rune) bool { return !strconv.IsPrint(r) }
	if strings.IndexFunc(s, bad) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if bad(r) || r == utf8.RuneError && n == 1 {
			q := strconv.Quote(s[:n])
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
