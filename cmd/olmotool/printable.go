package main

import (
	"unicode/utf8"

	"olmotool/internal/human"
)

const (
	// maxMessage is the longest error line in bytes: two paths, which may be
	// 4096 bytes each, and what is wrong with them.
	maxMessage = 10_000

	// maxCell is the longest cell of a table in bytes. Tensor names may have
	// 64 KiB, and every row is as wide as the widest.
	maxCell = 400
)

// printable keeps what came from a file from taking over the terminal.
func printable(s string) string { return human.Printable(s) }

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
