package ggufmeta

import (
	"fmt"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

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

// readSpecialTokensMap puts special_tokens_map.json over the settings. Tokens
// that are mappings there are special without saying so.
func (t *autoTokenizer) readSpecialTokensMap() error {
	const name, extra = "special_tokens_map.json", "extra_special_tokens"
	o, err := t.src.readObject(name)
	if err != nil || o == nil {
		return err
	}
	special := func(place string, v any) any {
		o, ok := v.(*ordjson.Object)
		if !ok || err != nil {
			return v
		}
		var token addedToken
		token, err = parseAddedToken(t.src.path(name), place, o)
		token.special = true
		return token
	}
	for i := range o.Len() {
		key, v := o.At(i)
		if list, ok := v.([]any); ok && key == extra {
			before, _ := t.settings.Get(key)
			all, _ := before.([]any)
			all = slices.Clone(all)
			for j, v := range list {
				all = append(all, special(fmt.Sprintf("%s[%d]", extra, j), v))
			}
			v = all
		} else if key != extra {
			v = special(quote(key), v)
		}
		t.settings.Set(key, v)
	}
	t.takeExtraNames()
	return err
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
			v, _ := t.settings.Get(key)
			special[plainText(v)] = true
		}
		v, _ := t.settings.Get("extra_special_tokens")
		list, _ := v.([]any)
		for _, v := range list {
			special[plainText(v)] = true
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

// plainText is tokenText except that, as in transformers at this point, a mapping
// is no token yet.
func plainText(v any) string {
	if _, isMapping := v.(*ordjson.Object); isMapping {
		return ""
	}
	text, _ := tokenText(v)
	return text
}
