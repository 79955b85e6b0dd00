package tokenizer

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// The token types of a GGUF that the vocabularies of bytes have.
const (
	typeNormal      = 1
	typeControl     = 3
	typeUserDefined = 4
	typeUnused      = 5
)

// preTokenizer is what the name of a pre-tokenizer stands for.
type preTokenizer struct {
	split        splitter
	nfc          bool
	ignoreMerges bool
	addBOS       bool // unless the file says otherwise
}

// preTokenizers has the names that GGUF files of OLMo have. llama.cpp itself
// does not normalise; what counts is the tokenizer that the model was trained
// with.
var preTokenizers = map[string]preTokenizer{
	"dbrx":      {split: splitDolma2},                                   // OLMo 2 and 3, by llama.cpp's converter
	"llama-bpe": {split: splitDolma2, ignoreMerges: true, addBOS: true}, // OLMo 2, by ollama
	"olmo":      {split: splitGPT2, nfc: true},                          // OLMo 1
}

const ggmlKeys = "tokenizer.ggml."

// harmless are keys that are read elsewhere, or have no part in how a text becomes
// ids; so are all that end in _token_id.
var harmless = []string{"model", "pre", "tokens", "token_type", "token_type_count", "scores", "merges", "add_bos_token", "add_eos_token", "add_sep_token", "suppress_tokens"}

// mustBeFalse are switches of other kinds of tokenizers.
var mustBeFalse = []string{"add_space_prefix", "remove_extra_whitespaces", "normalizer.lowercase", "normalizer.strip_accents"}

// ParseGGUF reads the tokenizer in the key-values of a GGUF; file is its name in
// messages. The ids of a text are those of the tokenizer.json from which the file
// was made, if that is a tokenizer of OLMo: a GGUF does not say how added tokens
// match, so they match as text that is the same everywhere. Errors are of type
// *formats.Error.
func ParseGGUF(kvs []gguf.KV, file string) (*Tokenizer, error) {
	g := ggufReader{kvs: kvs, file: file}
	t := g.read()
	if g.err != nil {
		return nil, g.err
	}
	return t, nil
}

// ggufReader reads key-values. Its first error stays.
type ggufReader struct {
	kvs  []gguf.KV
	file string
	err  error
}

func (g *ggufReader) fail(key, format string, args ...any) {
	if g.err == nil {
		g.err = formats.Errorf(g.file, ggmlKeys+key, format, args...)
	}
}

func ggufGet[T any](g *ggufReader, key string, other T) T {
	v, ok, err := gguf.Lookup[T](g.kvs, ggmlKeys+key)
	if err != nil && g.err == nil {
		g.err = formats.Errorf(g.file, "key-values", "%w", err)
	}
	if !ok || err != nil {
		return other
	}
	return v
}

func (g *ggufReader) read() *Tokenizer {
	g.checkKeys()
	if model := ggufGet(g, "model", ""); model != "gpt2" {
		g.fail("model", "found %s, expected \"gpt2\", as tokenizers of bytes are called", quote(model))
	}
	name := ggufGet(g, "pre", "")
	pre, ok := preTokenizers[name]
	if !ok {
		g.fail("pre", "found %s, expected \"dbrx\", \"llama-bpe\" or \"olmo\"", quote(name))
	}
	if g.err != nil {
		return nil
	}
	t := &Tokenizer{split: pre.split, nfc: pre.nfc}
	v := g.tokens(t)
	if g.err != nil {
		return nil
	}
	list := ggufGet(g, "merges", []string(nil))
	merges := make([][2]string, len(list))
	for i, s := range list {
		if merges[i], ok = cutMerge(s); !ok {
			g.fail(fmt.Sprintf("merges[%d]", i), "found %s, expected two tokens with a space between", quote(s))
		}
	}
	if g.err == nil {
		t.bpe, g.err = v.bpe(ggmlKeys+"merges", merges, pre.ignoreMerges)
	}
	t.text = v.text
	t.before = g.end(t, "bos", pre.addBOS)
	t.after = g.end(t, "eos", false)
	return t
}

func (g *ggufReader) checkKeys() {
	for _, kv := range g.kvs {
		key, ok := strings.CutPrefix(kv.Key, ggmlKeys)
		switch {
		case !ok || slices.Contains(harmless, key) || strings.HasSuffix(key, "_token_id"):
		case !slices.Contains(mustBeFalse, key):
			g.fail(key, "found a key that is not known, expected those of a tokenizer of bytes")
		case ggufGet(g, key, false):
			g.fail(key, "found true, expected false, as tokenizers of bytes have it")
		}
	}
}

// tokens reads the vocabulary and the added tokens. Control tokens are found in
// the text as it is, others in the normalised text: so it is by default where
// added tokens come from.
func (g *ggufReader) tokens(t *Tokenizer) *vocabulary {
	tokens := ggufGet(g, "tokens", []string(nil))
	types := ggufGet(g, "token_type", []int32(nil))
	if len(tokens) == 0 || len(tokens) > maxVocab {
		g.fail("tokens", "found %d tokens, expected 1 to %d", len(tokens), maxVocab)
	}
	if len(types) != len(tokens) {
		g.fail("token_type", "found %d types, expected %d, one for each token", len(types), len(tokens))
	}
	if g.err != nil {
		return nil
	}
	v := newVocabulary(g.file, len(tokens))
	var raw, normalized []addedToken
	for i, token := range tokens {
		a := addedToken{text: token, id: int32(i)}
		var err error
		switch types[i] {
		case typeNormal:
			err = v.add(token, a.id)
		case typeControl, typeUserDefined:
			if err = v.add(token, a.id); err == nil {
				err = v.addAdded(a)
			}
			if types[i] == typeControl {
				raw = append(raw, a)
			} else {
				normalized = append(normalized, a)
			}
		case typeUnused:
			v.grow(i + 1)
		default:
			err = fmt.Errorf("found a token of type %d, expected 1, 3, 4 or 5", types[i])
		}
		if err != nil {
			g.fail(fmt.Sprintf("tokens[%d]", i), "%w", err)
			return nil
		}
	}
	g.err = v.matchers(t, raw, normalized)
	return v
}

// end returns the token that is put at an end of each text, or none.
func (g *ggufReader) end(t *Tokenizer, kind string, byDefault bool) []int32 {
	if !ggufGet(g, "add_"+kind+"_token", byDefault) {
		return nil
	}
	key := kind + "_token_id"
	id := ggufGet(g, key, uint32(maxVocab))
	if id >= maxVocab || t.Text(int32(id)) == "" {
		g.fail(key, "found %d, expected the id of the token that add_%s_token asks for", id, kind)
		return nil
	}
	return []int32{int32(id)}
}
