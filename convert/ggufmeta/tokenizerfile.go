package ggufmeta

import (
	"encoding/json"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

const (
	// maxVocab bounds the entries of a token list. The largest vocabularies of
	// today have a quarter of a million; a configuration may claim any number.
	maxVocab = 1 << 22

	// maxTokenText bounds the text of an added token, which is copied more than
	// once. Real ones have some dozen bytes.
	maxTokenText = 1 << 16
)

// tokenizerFile is what tokenizer.json says, checked as strictly as the
// tokenizers library checks it when it loads one.
type tokenizerFile struct {
	file   string
	root   *ordjson.Object
	model  *ordjson.Object
	vocab  map[string]uint32
	byID   map[uint32]string
	merges []string // "left right"
	added  []listedToken
}

// listedToken is an added token with the id that the file gives it.
type listedToken struct {
	addedToken
	id uint32
}

func loadTokenizerFile(src Source) (*tokenizerFile, error) {
	const name = "tokenizer.json"
	t := &tokenizerFile{file: src.path(name)}
	data, err := src.read(name)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, formats.Errorf(t.file, "", "found no such file (%w), expected the tokenizer beside the model's configuration", ErrNoTokenizer)
	}
	if t.root, err = parseObject(t.file, data); err != nil {
		return nil, err
	}
	if v, ok := t.root.Get("version"); ok && v != "1.0" {
		return nil, t.fail("version", describe(v), `"1.0"`)
	}
	v, _ := t.root.Get("model")
	model, ok := v.(*ordjson.Object)
	if !ok {
		return nil, t.fail("model", describe(v), "a mapping")
	}
	t.model = model
	if v, _ := model.Get("type"); v != "BPE" {
		return nil, t.fail("model.type", describe(v), `"BPE", the only kind that models of this family have`)
	}
	for _, load := range []func() error{t.loadVocab, t.loadMerges, t.loadAdded} {
		if err := load(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tokenizerFile) fail(place, found, expected string) error {
	return formats.Errorf(t.file, place, "found %s, expected %s", found, expected)
}

func (t *tokenizerFile) loadVocab() error {
	v, _ := t.model.Get("vocab")
	vocab, ok := v.(*ordjson.Object)
	if !ok {
		return t.fail("model.vocab", describe(v), "a mapping of tokens to ids")
	}
	if vocab.Len() > maxVocab {
		return t.fail("model.vocab", fmt.Sprintf("%d tokens", vocab.Len()), fmt.Sprintf("at most %d", maxVocab))
	}
	t.vocab = make(map[string]uint32, vocab.Len())
	t.byID = make(map[uint32]string, vocab.Len())
	for i := range vocab.Len() {
		token, v := vocab.At(i)
		id, ok := tokenID(v)
		if !ok {
			return t.fail("model.vocab["+quote(token)+"]", describe(v), "an id of 32 bits")
		}
		if other, taken := t.byID[id]; taken {
			return t.fail("model.vocab["+quote(token)+"]", fmt.Sprintf("id %d, which %s has too", id, quote(other)), "an id for each token")
		}
		t.vocab[token], t.byID[id] = id, token
	}
	return nil
}

// tokenID returns the id that v is: a plain integer.
func tokenID(v any) (uint32, bool) {
	n, ok := v.(json.Number)
	if !ok || isFloat(n) {
		return 0, false
	}
	i, err := ordjson.Int(n)
	return uint32(i), err == nil && i == int64(uint32(i))
}

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

func (t *tokenizerFile) loadAdded() error {
	v, _ := t.root.Get("added_tokens")
	list, ok := v.([]any)
	if !ok {
		return t.fail("added_tokens", describe(v), "a list")
	}
	t.added = make([]listedToken, len(list))
	for i, v := range list {
		place := fmt.Sprintf("added_tokens[%d]", i)
		o, ok := v.(*ordjson.Object)
		if !ok {
			return t.fail(place, describe(v), "a mapping")
		}
		for _, key := range tokenFlags {
			if _, ok := o.Get(key); !ok {
				return t.fail(place, "no "+key, "each of "+strings.Join(tokenFlags, ", "))
			}
		}
		id, _ := o.Get("id")
		if t.added[i].id, ok = tokenID(id); !ok {
			return t.fail(place+".id", describe(id), "an id of 32 bits")
		}
		var err error
		if t.added[i].addedToken, err = parseAddedToken(t.file, place, o); err != nil {
			return err
		}
	}
	return nil
}
