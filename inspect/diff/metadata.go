package diff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/jsondiff"
)

// compareMetadata compares what the containers say besides tensors, if they are
// of one kind.
func (c *comparison) compareMetadata(a, b *olmo.Source) {
	r := c.report
	switch {
	case a.KVs != nil && b.KVs != nil:
		r.MetadataChanges = append(r.MetadataChanges, keyChanges(a, b)...)
	case a.Metadata != nil && b.Metadata != nil:
		keys := slices.AppendSeq(slices.Collect(maps.Keys(a.Metadata)), maps.Keys(b.Metadata))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			x, y := text(a.Metadata, key), text(b.Metadata, key)
			if x != y {
				x, y = jsondiff.Apart(x, y)
				r.MetadataChanges = append(r.MetadataChanges, Change{key, x, y})
			}
		}
	}
}

func text(m map[string]string, key string) string {
	if s, ok := m[key]; ok {
		return fmt.Sprintf("%q", s)
	}
	return "none"
}

// keyChanges compares the key-values of two GGUF, but for those that are compared
// as config and tokenizer, and those of a split set.
func keyChanges(a, b *olmo.Source) []Change {
	skip := []string{"split."}
	if a.Config != nil && b.Config != nil {
		skip = append(skip, a.Config.ModelType+".", b.Config.ModelType+".")
	}
	values := map[string]any{}
	for _, kv := range b.KVs {
		values[kv.Key] = kv.Value
	}
	var found []Change
	add := func(key string, x, y any) {
		if reflect.DeepEqual(x, y) || slices.ContainsFunc(skip, func(p string) bool { return strings.HasPrefix(key, p) }) {
			return
		}
		s, t := jsondiff.Apart(shown(x), shown(y))
		found = append(found, Change{key, s, t})
	}
	known := map[string]bool{}
	for _, kv := range a.KVs {
		known[kv.Key] = true
		if tokenizerKey(kv) && values[kv.Key] != nil {
			continue
		}
		add(kv.Key, kv.Value, values[kv.Key])
	}
	for _, kv := range b.KVs {
		if !known[kv.Key] {
			add(kv.Key, nil, kv.Value)
		}
	}
	return found
}

// tokenizerKey reports whether a key is compared with the tokenizer, if both
// sides have it.
func tokenizerKey(kv gguf.KV) bool {
	return strings.HasPrefix(kv.Key, "tokenizer.") && !strings.HasPrefix(kv.Key, "tokenizer.chat_template")
}

// shown prints a value, of a long list its size.
func shown(v any) string {
	switch x := v.(type) {
	case nil:
		return "none"
	case string:
		return fmt.Sprintf("%q", x)
	}
	if l := reflect.ValueOf(v); l.Kind() == reflect.Slice && l.Len() > maxShown {
		return fmt.Sprintf("a list of %d", l.Len())
	}
	return fmt.Sprint(v)
}

// maxShown is up to what length a list is printed.
const maxShown = 16
