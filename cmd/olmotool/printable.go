package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxMessage is the longest error line in bytes: two paths, which may be
	// 4096 bytes each, and what is wrong with them.
	maxMessage = 10_000

	// maxCell is the longest cell of a table in bytes. Tensor names may have
	// 64 KiB, and every row is as wide as the widest.
	maxCell = 400
)

// printable keeps what came from a file from taking over the terminal: it leaves
// one line of visible characters.
func printable(s string) string {
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

// shorten leaves out the middle of a string of more than limit bytes.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head, tail := limit/2, len(s)-limit/2
	for !utf8.RuneStart(s[head]) {
		head--
	}
	for !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + " … " + s[tail:]
}
