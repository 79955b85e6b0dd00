package ggufmeta

import (
	"fmt"
	"slices"
	"strconv"
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
	err := error(nil)
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

// readConfig takes the settings over from tokenizer_config.json, except named
// special tokens of other kinds, which have their own place.
func (t *autoTokenizer) readConfig() error {
	if t.config == nil {
		return nil
	}
	for i := range t.config.Len() {
		key, v := t.config.At(i)
		if key == "add_bos_token" || key == "add_eos_token" {
			continue // the post-processor of tokenizer.json knows better
		}
		if _, isString := v.(string); isString && isOtherToken(key) {
			t.named.Set(key, v)
			continue
		}
		t.settings.Set(key, v)
	}
	v, _ := t.settings.Get("extra_special_tokens")
	if additional, ok := t.settings.Get("additional_special_tokens"); ok && !truthy(v) {
		t.settings.Delete("additional_special_tokens")
		t.settings.Set("extra_special_tokens", additional)
	}
	t.takeExtraNames()
	return nil
}

func isOtherToken(key string) bool {
	return strings.HasSuffix(key, "_token") && !slices.Contains(namedKinds, key)
}

// takeExtraNames moves extra special tokens that have names to the named ones.
func (t *autoTokenizer) takeExtraNames() {
	v, _ := t.settings.Get("extra_special_tokens")
	if o, ok := v.(*ordjson.Object); ok {
		for i := range o.Len() {
			t.named.Set(o.At(i))
		}
		t.settings.Delete("extra_special_tokens")
	}
}

// readListed reads the tokens that the configuration lists with their ids or,
// if it has no such list, what older versions wrote into files of their own.
func (t *autoTokenizer) readListed() error {
	const key = "added_tokens_decoder"
	v, ok := t.settings.Get(key)
	if !ok {
		if err := t.readSpecialTokensMap(); err != nil {
			return err
		}
		return t.readOldLists()
	}
	file := t.src.path("tokenizer_config.json")
	list, ok := v.(*ordjson.Object)
	if !ok {
		return formats.Errorf(file, key, "found %s, expected a mapping of ids to tokens", describe(v))
	}
	for i := range list.Len() {
		text, v := list.At(i)
		place := key + "[" + quote(text) + "]"
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return formats.Errorf(file, place, "found key %s, expected an id of 32 bits", quote(text))
		}
		o, ok := v.(*ordjson.Object)
		if !ok {
			return formats.Errorf(file, place, "found %s, expected a mapping", describe(v))
		}
		token, err := parseAddedToken(file, place, o)
		if err != nil {
			return err
		}
		t.listed = append(t.listed, listedToken{token, uint32(id)})
	}
	return nil
}

func (t *autoTokenizer) readSpecialTokensMap() error {
	const name = "special_tokens_map.json"
	o, err := t.src.readObject(name)
	if err != nil || o == nil {
		return err
	}
	for i := range o.Len() {
		key, v := o.At(i)
		switch v := v.(type) {
		case *ordjson.Object:
			if key == "extra_special_tokens" {
				break
			}
			token, err := parseAddedToken(t.src.path(name), key, v)
			if err != nil {
				return err
			}
			token.special = true
			t.settings.Set(key, token)
			continue
		case []any:
			if key == "extra_special_tokens" {
				before, _ := t.settings.Get(key)
				list, _ := before.([]any)
				list = slices.Clone(list)
				for _, v := range v {
					if o, ok := v.(*ordjson.Object); ok {
						token, err := parseAddedToken(t.src.path(name), key, o)
						if err != nil {
							return err
						}
						token.special = true
						v = token
					}
					list = append(list, v)
				}
				t.settings.Set(key, list)
				continue
			}
		}
		t.settings.Set(key, v)
	}
	t.takeExtraNames()
	return nil
}

// readOldLists reads added_tokens.json, over which the list of tokenizer.json
// takes precedence.
func (t *autoTokenizer) readOldLists() error {
	const name = "added_tokens.json"
	o, err := t.src.readObject(name)
	if err != nil {
		return err
	}
	if o != nil {
		special := map[string]bool{}
		for _, key := range namedKinds {
			if v, _ := t.settings.Get(key); v != nil {
				text, _ := tokenText(v)
				special[text] = true
			}
		}
		v, _ := t.settings.Get("extra_special_tokens")
		list, _ := v.([]any)
		for _, v := range list {
			text, _ := tokenText(v)
			special[text] = true
		}
		for i := range o.Len() {
			text, v := o.At(i)
			id, ok := tokenID(v)
			if !ok || len(text) > maxTokenText {
				return formats.Errorf(t.src.path(name), quote(text), "found %s, expected an id of 32 bits, for a token of at most %d bytes", describe(v), maxTokenText)
			}
			normalize := !special[text]
			t.listed = append(t.listed, listedToken{addedToken{content: text, special: special[text], normalize: &normalize}, id})
		}
	}
	t.listed = append(t.listed, t.file.added...)
	return nil
}

// tokenText returns the text of a token in any of its forms.
func tokenText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case addedToken:
		return v.content, true
	case *ordjson.Object:
		content, _ := v.Get("content")
		text, ok := content.(string)
		return text, ok
	}
	return "", false
}

// collectNamed puts the special tokens in the order in which transformers adds
// those that are missing: the usual kinds, other kinds, extra ones.
func (t *autoTokenizer) collectNamed(class string) error {
	byText := map[string]addedToken{}
	for _, l := range t.listed {
		byText[l.content] = l.addedToken
	}
	defaults := rebuilding[class]
	if class == "" { // the class that takes the padding of tokenizer.json over
		if v, _ := t.file.root.Get("padding"); v != nil {
			padding, _ := v.(*ordjson.Object)
			if token, _ := get(padding, "pad_token"); token != nil {
				defaults = map[string]any{"pad_token": token}
			}
		}
	}
	others := t.named
	t.named = new(ordjson.Object)
	for _, key := range namedKinds {
		v, ok := t.settings.Get(key)
		if !ok {
			v = defaults[key]
		} else if text, isToken := tokenText(v); isToken {
			if listed, ok := byText[text]; ok {
				v = listed
			}
		}
		if v == nil {
			continue
		}
		if err := t.setNamed(key, v); err != nil {
			return err
		}
	}
	for _, o := range []*ordjson.Object{t.settings, others} {
		for i := range o.Len() {
			key, v := o.At(i)
			if o == t.settings {
				switch v.(type) {
				case string, addedToken:
				default:
					continue
				}
				if !isOtherToken(key) {
					continue
				}
			}
			if err := t.setNamed(key, v); err != nil {
				return err
			}
		}
	}
	return t.collectExtra()
}

func (t *autoTokenizer) collectExtra() error {
	key := "extra_special_tokens"
	v, ok := t.settings.Get(key)
	if !ok {
		key = "additional_special_tokens"
		v, _ = t.settings.Get(key)
	}
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return formats.Errorf(t.src.path("tokenizer_config.json"), key, "found %s, expected a list of tokens", describe(v))
	}
	for i, v := range list {
		token, err := t.token(fmt.Sprintf("%s[%d]", key, i), v)
		if err != nil {
			return err
		}
		t.extra = append(t.extra, token)
	}
	return nil
}

func (t *autoTokenizer) setNamed(key string, v any) error {
	token, err := t.token(key, v)
	if err == nil {
		t.named.Set(key, token)
	}
	return err
}

// token checks that v is a token: a string or a mapping with its properties.
func (t *autoTokenizer) token(place string, v any) (any, error) {
	file := t.src.path("tokenizer_config.json")
	switch v := v.(type) {
	case string:
		if len(v) > maxTokenText {
			return nil, formats.Errorf(file, place, "found %d bytes, expected at most %d", len(v), maxTokenText)
		}
		return v, nil
	case addedToken:
		return v, nil
	case *ordjson.Object:
		return parseAddedToken(file, place, v)
	}
	return nil, formats.Errorf(file, place, "found %s, expected a token: a string, or a mapping with its content", describe(v))
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
	for _, v := range specials {
		text, _ := tokenText(v)
		if known[text] {
			continue
		}
		known[text] = true
		token, ok := v.(addedToken)
		if !ok {
			token = addedToken{content: text, special: true}
		}
		list = append(list, token)
	}
	for i := range list {
		list[i].special = list[i].special || isNamed[list[i].content]
	}
	return list
}

// lastOfEachID sorts listed tokens by id and keeps the last for each.
func lastOfEachID(listed []listedToken) []listedToken {
	sorted := slices.Clone(listed)
	slices.SortStableFunc(sorted, func(a, b listedToken) int { return int(int64(a.id) - int64(b.id)) })
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
