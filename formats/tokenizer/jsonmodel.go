package tokenizer

import (
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// readModel reads the model and the added tokens.
func (t *Tokenizer) readModel(root section) error {
	m, err := root.section("model")
	if err != nil {
		return err
	}
	if err := m.only("type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"); err != nil {
		return err
	}
	if v := m.get("type"); v != "BPE" {
		return m.fail("type", describe(v), `"BPE"`)
	}
	if v := m.get("dropout"); v != nil {
		if p, err := ordjson.Float(v); err != nil || p != 0 {
			return m.fail("dropout", describe(v), "null: ids are not random")
		}
	}
	for _, key := range []string{"continuing_subword_prefix", "end_of_word_suffix"} {
		if v := m.get(key); v != nil && v != "" {
			return m.fail(key, describe(v), "null, as tokenizers of bytes have it")
		}
	}
	// What to do with a character that has no token matters to nobody who has
	// one for each byte; vocabulary.bpe makes sure of that.
	if _, err := optional(m, "unk_token", ""); err != nil {
		return err
	}
	flags := map[string]bool{}
	for _, key := range []string{"fuse_unk", "byte_fallback", "ignore_merges"} {
		if flags[key], err = optional(m, key, false); err != nil {
			return err
		}
	}
	v, err := readVocab(m)
	if err != nil {
		return err
	}
	merges, err := readMerges(m)
	if err != nil {
		return err
	}
	if t.bpe, err = v.bpe(m.at("merges"), merges, flags["ignore_merges"]); err != nil {
		return err
	}
	err = t.readAdded(root, v)
	t.text = v.text
	return err
}

func readVocab(m section) (*vocabulary, error) {
	o, err := need[*ordjson.Object](m, "vocab")
	if err != nil {
		return nil, err
	}
	v := newVocabulary(m.file, o.Len())
	for i := range o.Len() {
		token, n := o.At(i)
		id, ok := tokenID(n)
		if !ok {
			return nil, m.fail("vocab["+quote(token)+"]", describe(n), anID)
		}
		if err := v.add(token, id); err != nil {
			return nil, formats.Errorf(m.file, m.at("vocab["+quote(token)+"]"), "%w", err)
		}
	}
	return v, nil
}

// readMerges reads merges in either form, which all entries share: two tokens
// with a space between, or a list of two.
func readMerges(m section) ([][2]string, error) {
	list, err := need[[]any](m, "merges")
	if err != nil {
		return nil, err
	}
	cut, expected := mergeString, "two tokens with a space between"
	if len(list) > 0 && kind(list[0]) == kind(list) {
		cut, expected = mergeList, "a list of two tokens"
	}
	merges := make([][2]string, 0, len(list))
	for i, v := range list {
		if s, _ := v.(string); strings.HasPrefix(s, "#version") {
			continue // a comment for the library
		}
		merge, ok := cut(v)
		if !ok {
			return nil, m.fail(fmt.Sprintf("merges[%d]", i), describe(v), expected)
		}
		merges = append(merges, merge)
	}
	return merges, nil
}

func mergeString(v any) (merge [2]string, ok bool) {
	s, _ := v.(string)
	return cutMerge(s)
}

func mergeList(v any) (merge [2]string, ok bool) {
	p, _ := v.([]any)
	if len(p) != 2 {
		return merge, false
	}
	left, ok1 := p[0].(string)
	right, ok2 := p[1].(string)
	return [2]string{left, right}, ok1 && ok2
}

// readAdded reads the added tokens. An id is as the library would give it,
// which does not look at that of the file: a token that the vocabulary does not
// have gets the next one behind it.
func (t *Tokenizer) readAdded(root section, v *vocabulary) error {
	list, err := root.sections("added_tokens")
	if err != nil {
		return err
	}
	var raw, normalized []addedToken
	next, seen := int32(len(v.ids)), map[string]bool{}
	for _, s := range list {
		if err := s.only("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"); err != nil {
			return err
		}
		var a addedToken
		if a.text, err = need[string](s, "content"); err != nil {
			return err
		}
		var ok bool
		if a.id, ok = tokenID(s.get("id")); !ok {
			return s.fail("id", describe(s.get("id")), anID)
		}
		var isNormalized, special bool
		for _, f := range []struct {
			key string
			to  *bool
		}{{"single_word", &a.singleWord}, {"lstrip", &a.lstrip}, {"rstrip", &a.rstrip}, {"normalized", &isNormalized}, {"special", &special}} {
			if *f.to, err = need[bool](s, f.key); err != nil {
				return err
			}
		}
		if seen[a.text] {
			return s.fail("content", quote(a.text)+" a second time", "each token once")
		}
		seen[a.text] = true
		if _, known := v.ids[a.text]; !known {
			if a.id != next {
				return s.fail("id", fmt.Sprint(a.id), fmt.Sprintf("%d, the next that is free", next))
			}
			next++
		}
		if err := v.addAdded(a); err != nil {
			return formats.Errorf(s.file, s.place, "%w", err)
		}
		if isNormalized {
			normalized = append(normalized, a)
		} else {
			raw = append(raw, a)
		}
	}
	return v.matchers(t, raw, normalized)
}
