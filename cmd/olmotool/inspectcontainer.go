package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"olmotool/formats/gguf"
	"olmotool/inspect"
	"olmotool/internal/human"
)

// containerText describes the index and the first file, which is like the others,
// and then all files that their reference writers would not write so.
func containerText(cs []inspect.Container) []string {
	var lines, writers []string
	described := map[string]bool{}
	same, differ := 0, 0
	for _, c := range cs {
		words := []string{c.Kind}
		for _, f := range c.Facts {
			words = append(words, f.Name+" "+f.Value)
		}
		if !described[c.Kind] {
			described[c.Kind] = true
			lines = append(lines, strings.Join(words, ", "))
		}
	}
	for _, c := range cs {
		switch {
		case c.Same:
			same++
			if !slices.Contains(writers, c.Reference) {
				writers = append(writers, c.Reference)
			}
		case c.Reference != "":
			if differ++; differ <= shownDiffering {
				lines = append(lines, fmt.Sprintf("%s: not as %s writes it: %s", base(c.Path), c.Reference, c.Differs))
			}
		}
	}
	if differ > shownDiffering {
		lines = append(lines, fmt.Sprintf("… and %d more that are not", differ-shownDiffering))
	}
	if same > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d files byte for byte as %s would write them", same, len(cs), strings.Join(writers, " and ")))
	}
	return lines
}

// shownDiffering is how many files are named that are not their reference writer's.
const shownDiffering = 3

// base is the last part of a path on any system.
func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// kvText returns the cells of a key-value.
func kvText(kv gguf.KV) (key, kind, value string) {
	v := reflect.ValueOf(kv.Value)
	if v.Kind() != reflect.Slice {
		return kv.Key, v.Type().String(), shorten(fmt.Sprint(kv.Value), shownText)
	}
	var words []string
	for i := range min(v.Len(), shownElements) {
		word := fmt.Sprint(v.Index(i).Interface())
		if v.Type().Elem().Kind() == reflect.String {
			word = fmt.Sprintf("%q", word)
		}
		words = append(words, shorten(word, shownText/2))
	}
	if v.Len() > len(words) {
		words = append(words, "…")
	}
	return kv.Key, fmt.Sprintf("%s[] of %s", v.Type().Elem(), human.Count(int64(v.Len()))), "[" + strings.Join(words, " ") + "]"
}
