package ggufmeta

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
)

// loadMerges reads the merges in either form: "left right", or, since the parts
// may have spaces in them, ["left", "right"], whose spaces are written as the
// sign that stands for a space in the byte-level alphabet.
func (t *tokenizerFile) loadMerges() error {
	v, _ := t.model.Get("merges")
	list, ok := v.([]any)
	if !ok {
		return t.fail("model.merges", describe(v), "a list")
	}
	if len(list) > maxVocab {
		return t.fail("model.merges", fmt.Sprintf("%d merges", len(list)), fmt.Sprintf("at most %d", maxVocab))
	}
	pairs := false
	if len(list) > 0 {
		_, pairs = list[0].([]any)
	}
	t.merges = make([]string, len(list))
	for i, v := range list {
		left, right, ok := mergeParts(v, pairs)
		if !ok {
			return t.mergeError(i, describe(v), map[bool]string{false: "a string of two parts with one space between, as the first merge", true: "a list of two strings, as the first merge"}[pairs])
		}
		if !pairs {
			t.merges[i] = v.(string)
			if strings.HasPrefix(t.merges[i], "#version") {
				continue // a comment for the tokenizers library
			}
		} else {
			t.merges[i] = strings.ReplaceAll(left, " ", "Ġ") + " " + strings.ReplaceAll(right, " ", "Ġ")
		}
		for _, part := range []string{left, right, left + right} {
			if _, ok := t.vocab[part]; !ok {
				return t.mergeError(i, quote(part), "a token of model.vocab")
			}
		}
	}
	return nil
}

func (t *tokenizerFile) mergeError(i int, found, expected string) error {
	return t.fail(fmt.Sprintf("model.merges[%d]", i), found, expected)
}

func mergeParts(v any, pair bool) (left, right string, ok bool) {
	if !pair {
		s, _ := v.(string)
		left, right, ok = strings.Cut(s, " ")
		return left, right, ok && !strings.Contains(right, " ") || strings.HasPrefix(s, "#version")
	}
	list, _ := v.([]any)
	if len(list) != 2 {
		return "", "", false
	}
	left, okLeft := list[0].(string)
	right, okRight := list[1].(string)
	return left, right, okLeft && okRight
}

// mergesText reads merges.txt, which has a merge in each line below an optional
// comment in the first. Other lines are skipped.
func mergesText(src Source) ([]string, error) {
	const name = "merges.txt"
	data, err := src.read(name)
	if err != nil || data == nil {
		return nil, err
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	if !utf8.ValidString(text) {
		return nil, formats.Errorf(src.path(name), "", "found bytes that are not UTF-8, expected UTF-8 text")
	}
	var merges []string
	first := true
	for line := range strings.SplitSeq(text, "\n") {
		comment := first && strings.HasPrefix(strip(line), "#")
		first = false
		parts := strings.FieldsFunc(line, isSpace)
		if comment || len(parts) != 2 {
			continue
		}
		if len(merges) == maxVocab {
			return nil, formats.Errorf(src.path(name), "", "found more than %d merges, expected at most that many", maxVocab)
		}
		merges = append(merges, parts[0]+" "+parts[1])
	}
	return merges, nil
}
