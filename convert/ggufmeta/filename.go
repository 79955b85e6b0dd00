package ggufmeta

import (
	"strings"
	"unicode"

	"olmotool/formats"
)

// FileName returns the name that the official converter gives to its output
// when it is told a directory only: base name, size, what it was tuned for,
// version and element type (F32, BF16, Q8_0), as far as they are known. Unlike
// the converter's it never leads out of the directory: separators and control
// characters become hyphens.
func FileName(src Source, o Options, elementType string) (string, error) {
	m, err := collect(src, o)
	if err != nil {
		return "", err
	}
	first := "basename"
	if m[first].v == nil {
		first = "name"
	}
	var parts []string
	for _, field := range []string{first, "size_label", "finetune", "version"} {
		v := m[field]
		if v.v == nil {
			continue
		}
		s, ok := v.v.(string)
		if !ok {
			return "", formats.Errorf(v.file, v.place, "found %s, expected a string (put it in quotes)", describe(v.v))
		}
		if field != "size_label" {
			s = strings.ReplaceAll(strip(s), " ", "-")
		}
		parts = append(parts, s)
	}
	if elementType != "" {
		parts = append(parts, strings.ToUpper(elementType))
	}
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || unicode.IsControl(r) {
			return '-'
		}
		return r
	}, strings.Join(parts, "-"))
	return name + ".gguf", nil
}
