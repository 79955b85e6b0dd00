package ggufmeta

import (
	"olmotool/formats/gguf"
)

// normalizerRecords returns the records of a normalizer that changes letters.
func (t *tokenizerFile) normalizerRecords() []gguf.KV {
	var lower, strip any
	var walk func(v any)
	walk = func(v any) {
		kind, o := typed(v)
		switch kind {
		case "Lowercase":
			lower = true
		case "StripAccents":
			strip = true
		case "BertNormalizer":
			if v, ok := o.Get("lowercase"); ok {
				lower = v
			}
			if v, ok := o.Get("strip_accents"); ok {
				strip = v
			}
		case "Sequence":
			list, _ := o.Get("normalizers")
			items, _ := list.([]any)
			for _, item := range items {
				walk(item)
			}
		}
	}
	v, _ := t.root.Get("normalizer")
	walk(v)
	var kvs []gguf.KV
	for _, r := range []struct {
		key string
		v   any
	}{{"lowercase", lower}, {"strip_accents", strip}} {
		if on, ok := r.v.(bool); ok {
			kvs = append(kvs, gguf.KV{Key: "tokenizer.ggml.normalizer." + r.key, Value: on})
		}
	}
	return kvs
}
