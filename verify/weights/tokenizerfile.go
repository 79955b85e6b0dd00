package weights

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/internal/jsondiff"
	"olmotool/internal/ordjson"
)

// compareTokenizerFiles compares what two tokenizer.json say, part by part: the
// same things may be written in more than one way.
func (c *comparison) compareTokenizerFiles(a, b *ordjson.Object) {
	add := func(format string, args ...any) {
		c.report.Tokenizer = append(c.report.Tokenizer, fmt.Sprintf(format, args...))
	}
	m, n := object(a, "model"), object(b, "model")
	if d := diffMap(object(m, "vocab"), object(n, "vocab")); d != "" {
		add("vocabulary: %s", d)
	}
	if d := diffList(merges(m), merges(n)); d != "" {
		add("merges: %s", d)
	}
	if d := diffAdded(addedTokens(a), addedTokens(b), c.names); d != "" {
		add("added tokens: %s", d)
	}
	for _, part := range []struct {
		a, b   *ordjson.Object
		prefix string
		skip   []string
		note   []string
	}{
		{prefix: "model.", a: m, b: n, skip: []string{"vocab", "merges"}},
		// How long a text may be is not the tokenizer's business: transformers
		// sets both when it is called.
		{a: a, b: b, skip: []string{"model", "added_tokens", "version"}, note: []string{"truncation", "padding"}},
	} {
		for _, key := range jsondiff.Keys(part.a, part.b) {
			x, y := canonical(part.a, key), canonical(part.b, key)
			if x == y || slices.Contains(part.skip, key) {
				continue
			}
			p, _ := part.a.Get(key)
			q, _ := part.b.Get(key)
			said := jsondiff.Field(fmt.Sprintf("%s%.40s", part.prefix, key), p, q)
			if slices.Contains(part.note, key) {
				c.report.Notes = append(c.report.Notes, said)
			} else {
				add("%s", said)
			}
		}
	}
}

// object returns a member that is an object; an empty one if it is not.
func object(o *ordjson.Object, key string) *ordjson.Object {
	v, _ := o.Get(key)
	if p, ok := v.(*ordjson.Object); ok {
		return p
	}
	return new(ordjson.Object)
}

// canonical is the text of a member with keys in one order. What is not there is
// null, false or empty.
func canonical(o *ordjson.Object, key string) string {
	v, _ := o.Get(key)
	return canonicalValue(v)
}

func canonicalValue(v any) string {
	if v == false || v == "" {
		return "none"
	}
	return jsondiff.Encode(v)
}

// merges are the merges of a model in one of their two forms.
func merges(model *ordjson.Object) []string {
	v, _ := model.Get("merges")
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, m := range list {
		switch m := m.(type) {
		case string:
			out[i] = strings.Replace(m, " ", "\x00", 1)
		case []any:
			if len(m) == 2 {
				out[i] = fmt.Sprint(m[0], "\x00", m[1])
			}
		}
	}
	return out
}

// diffMap says how two mappings differ; nothing if they do not.
func diffMap(a, b *ordjson.Object) string {
	n := 0
	first := ""
	for _, key := range jsondiff.Keys(a, b) {
		x, y := canonical(a, key), canonical(b, key)
		if x == y {
			continue
		}
		if n++; n == 1 {
			first = fmt.Sprintf("%.60q is %.20s and %.20s", key, x, y)
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d differ, the first: %s", n, max(a.Len(), b.Len()), first)
}

// spaced prints a merge as a file has it.
func spaced(merge string) string { return strings.Replace(merge, "\x00", " ", 1) }

// diffList says how two lists differ; nothing if they do not.
func diffList(a, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("the first that differs is %d: %.100q and %.100q", i, spaced(a[i]), spaced(b[i]))
		}
	}
	return fmt.Sprintf("%d and %d", len(a), len(b))
}
