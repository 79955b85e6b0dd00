package ggufmeta

import (
	"encoding/json"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
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
