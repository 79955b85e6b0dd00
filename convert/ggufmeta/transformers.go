package ggufmeta

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// What transformers adds to the tokens of tokenizer.json when it loads a
// tokenizer: the tokens that tokenizer_config.json, special_tokens_map.json and
// added_tokens.json name. The official converter lists the tokens of what it
// gets from there, so a pad token that only tokenizer_config.json knows has an
// id and a line in the GGUF.

// namedKinds are the special tokens that every tokenizer may have, in the order
// in which transformers keeps them.
var namedKinds = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// rebuilding has the classes that build a tokenizer anew from the vocabulary and
// the merges of tokenizer.json, without its added tokens, with the special
// tokens that each has by default.
var rebuilding = map[string]map[string]any{
	"GPTNeoXTokenizer": {"unk_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|padding|>"},
	"GPT2Tokenizer":    {"unk_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": nil},
}

// tokenizerClass returns the class that AutoTokenizer picks, if it is one of
// those in rebuilding, else "": the class that takes tokenizer.json as it is. A
// model of type olmo2 or olmo3 always gets that, whatever class is named.
func tokenizerClass(model, config *ordjson.Object) string {
	modelType, _ := get(model, "model_type")
	if modelType == "olmo2" || modelType == "olmo3" {
		return ""
	}
	var class string
	for _, o := range []*ordjson.Object{config, model} {
		if v, _ := get(o, "tokenizer_class"); class == "" {
			class, _ = v.(string)
		}
	}
	class = strings.TrimSuffix(class, "Fast")
	if class == "" && modelType == "olmo" {
		return "GPTNeoXTokenizer"
	}
	if _, ok := rebuilding[class]; ok {
		return class
	}
	return ""
}

// autoTokenizer gathers what AutoTokenizer is told.
type autoTokenizer struct {
	src      Source
	file     *tokenizerFile
	config   *ordjson.Object // tokenizer_config.json, nil if there is none
	settings *ordjson.Object // config and what the other files put over it; tokens as addedToken
	named    *ordjson.Object // special tokens by name: string or addedToken
	extra    []any           // special tokens without a name: string or addedToken
	listed   []listedToken   // tokens that some file lists with an id
}

// addedTokens returns the added vocabulary that the tokenizer has when it is
// loaded, and the class it was rebuilt by, if any.
func addedTokens(src Source, file *tokenizerFile, config *ordjson.Object) (*addedVocabulary, string, error) {
	t := &autoTokenizer{src: src, file: file, config: config, settings: new(ordjson.Object), named: new(ordjson.Object)}
	class := tokenizerClass(src.Config, config)
	for _, step := range []func() error{t.readConfig, t.readListed, func() error { return t.collectNamed(class) }} {
		if err := step(); err != nil {
			return nil, "", err
		}
	}
	a := &addedVocabulary{model: file.vocab, ids: map[string]uint32{}, tokens: map[uint32]addedToken{}}
	var err error
	if class == "" {
		tokens := make([]addedToken, len(file.added))
		for i, l := range file.added {
			tokens[i] = l.addedToken
		}
		err = a.add(tokens)
	}
	if err == nil {
		err = a.add(t.more(a))
	}
	if err != nil {
		return nil, "", formats.Errorf(file.file, "added_tokens", "%w", err)
	}
	return a, class, nil
}

// more returns the tokens that are added to those of tokenizer.json: all listed
// ones once more, in the order of their ids, then the special ones that are
// still missing. A token that is named is special, whatever its list says.
func (t *autoTokenizer) more(a *addedVocabulary) []addedToken {
	known := map[string]bool{}
	for _, token := range a.tokens {
		known[token.content] = true
	}
	isNamed := map[string]bool{}
	var specials []any
	for i := range t.named.Len() {
		_, v := t.named.At(i)
		text, _ := tokenText(v)
		isNamed[text] = true
		specials = append(specials, v)
	}
	specials = append(specials, t.extra...)

	var list []addedToken
	for _, l := range lastOfEachID(t.listed) {
		list = append(list, l.addedToken)
		known[l.content] = true
	}
	type form struct{ text, flags string }
	seen := map[form]bool{}
	for _, v := range specials {
		// The same text may come more than once, with other properties.
		token, ok := v.(addedToken)
		f := form{token.content, fmt.Sprint(token.special, token.normalized())}
		if !ok {
			token = addedToken{content: v.(string), special: true}
			f = form{token.content, "text"}
		}
		if !known[token.content] && !seen[f] {
			seen[f] = true
			list = append(list, token)
		}
	}
	for i := range list {
		list[i].special = list[i].special || isNamed[list[i].content]
	}
	return list
}

// lastOfEachID sorts listed tokens by id and keeps the last for each.
func lastOfEachID(listed []listedToken) []listedToken {
	sorted := slices.Clone(listed)
	slices.SortStableFunc(sorted, func(a, b listedToken) int { return cmp.Compare(a.id, b.id) })
	var kept []listedToken
	for _, l := range sorted {
		if n := len(kept); n > 0 && kept[n-1].id == l.id {
			kept[n-1] = l
		} else {
			kept = append(kept, l)
		}
	}
	return kept
}
