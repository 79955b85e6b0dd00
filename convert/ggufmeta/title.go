package ggufmeta

import (
	"regexp"
	"strings"
)

// notTitled are the words that keep their form in a title: versions and what
// begins with a digit.
var notTitled = regexp.MustCompile(`^(v\p{Nd}+(\.\p{Nd}+)*|\p{Nd}.*)$`)

// title turns a name into words, and gives those in small letters a capital.
func title(name string) string {
	words := strings.FieldsFunc(strings.ReplaceAll(name, "-", " "), isSpace)
	for i, w := range words {
		if lowerCase(w) && !notTitled.MatchString(w) {
			words[i] = titleWord(w)
		}
	}
	return strings.Join(words, " ")
}
