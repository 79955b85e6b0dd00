package ggufmeta

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

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
				if !isOtherToken(key) || !isToken(v) {
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

// isToken reports whether transformers takes a setting of any name for a token.
func isToken(v any) bool {
	switch v := v.(type) {
	case string, addedToken:
		return true
	case *ordjson.Object:
		kind, _ := v.Get("__type")
		return kind == "AddedToken"
	}
	return false
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
	token, err := t.token(quote(key), v)
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
