package ggufmeta

import (
	"fmt"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// addedToken is a token that stands beside the vocabulary of the model: found in
// text as a whole, before the text is cut into words. How it matches there
// (single_word, lstrip, rstrip) leaves no trace in a GGUF.
type addedToken struct {
	content   string
	special   bool
	normalize *bool // nil: the opposite of special
}

var tokenFlags = []string{"single_word", "lstrip", "rstrip", "normalized", "special"}

func (t addedToken) normalized() bool {
	if t.normalize != nil {
		return *t.normalize
	}
	return !t.special
}

// parseAddedToken reads the form that all tokenizer files share. Flags that are
// absent are false, normalized is the opposite of special.
func parseAddedToken(file, place string, o *ordjson.Object) (addedToken, error) {
	var t addedToken
	v, _ := o.Get("content")
	var ok bool
	if t.content, ok = v.(string); !ok {
		return t, formats.Errorf(file, place+".content", "found %s, expected a string", describe(v))
	}
	if len(t.content) > maxTokenText {
		return t, formats.Errorf(file, place+".content", "found %d bytes, expected at most %d", len(t.content), maxTokenText)
	}
	for _, key := range tokenFlags {
		v, found := o.Get(key)
		if !found {
			continue
		}
		on, ok := v.(bool)
		switch {
		case !ok:
			return t, formats.Errorf(file, place+"."+key, "found %s, expected true or false", describe(v))
		case key == "normalized":
			t.normalize = &on
		case key == "special":
			t.special = on
		}
	}
	return t, nil
}

// addedVocabulary gives added tokens their ids, as the tokenizers library does:
// a token that the model's vocabulary has keeps its id there, any other gets the
// next one behind everything, whatever id a file claims for it.
type addedVocabulary struct {
	model  map[string]uint32
	ids    map[string]uint32
	tokens map[uint32]addedToken
}

func (a *addedVocabulary) add(tokens []addedToken) error {
	next := uint64(len(a.model))
	for id := range a.tokens {
		next = max(next, uint64(id)+1)
	}
	for _, t := range tokens {
		if t.content == "" {
			continue
		}
		id, known := a.ids[t.content]
		if !known {
			if id, known = a.model[t.content]; !known {
				if next >= maxVocab {
					return fmt.Errorf("found an added token %s behind %d others, expected at most that many", quote(t.content), next)
				}
				id = uint32(next)
				next++
			}
		}
		a.ids[t.content], a.tokens[id] = id, t
	}
	return nil
}
