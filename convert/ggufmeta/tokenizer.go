package ggufmeta

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// The token types of a GGUF.
const (
	tokenNormal      = int32(1)
	tokenControl     = int32(3)
	tokenUserDefined = int32(4)
	tokenUnused      = int32(5)
)

// Tokenizer returns the records from tokenizer.ggml.model on, in the order of the
// file, for a vocabulary of vocabSize entries: the rows of the embedding. Ids
// that no token has are filled up with [PAD…]. A vocabSize of 0 means as many as
// there are tokens.
//
// It reads tokenizer.json, without which its error wraps [ErrNoTokenizer], and
// what stands beside it: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json, merges.txt, chat templates. The findings tell of what the
// files say and the records cannot.
func Tokenizer(src Source, o Options, vocabSize int) ([]gguf.KV, []formats.Finding, error) {
	file, err := loadTokenizerFile(src)
	if err != nil {
		return nil, nil, err
	}
	config, err := src.readObject("tokenizer_config.json")
	if err != nil {
		return nil, nil, err
	}
	pre := o.PreTokenizer
	if pre == "" {
		if pre, err = file.preTokenizer(); err != nil {
			return nil, nil, err
		}
	}
	var n notes
	tokens, types, err := tokenList(src, file, config, vocabSize, &n)
	if err != nil {
		return nil, nil, err
	}
	kvs := []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: pre},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
	}
	merges := file.merges
	if len(merges) == 0 {
		if merges, err = mergesText(src); err != nil {
			return nil, nil, err
		}
	}
	if len(merges) > 0 {
		kvs = append(kvs, gguf.KV{Key: "tokenizer.ggml.merges", Value: merges})
	} else {
		n.warn("no-merges", file.file, "the tokenizer has no merges: it cannot join bytes to longer tokens")
	}
	special, err := specialRecords(src, file, config, &n)
	if err != nil {
		return nil, nil, err
	}
	template, err := chatTemplate(src, config, &n)
	if err != nil {
		return nil, nil, err
	}
	kvs = slices.Concat(kvs, special, template)
	return append(kvs, file.normalizerRecords()...), n, nil
}

// notes gathers findings.
type notes []formats.Finding

func (n *notes) warn(code, where, format string, args ...any) {
	*n = append(*n, formats.Finding{Severity: formats.Warning, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
}

// tokenList returns the text and the type of each id.
func tokenList(src Source, file *tokenizerFile, config *ordjson.Object, vocabSize int, n *notes) ([]string, []int32, error) {
	added, class, err := addedTokens(src, file, config)
	if err != nil {
		return nil, nil, err
	}
	highest, count := int64(-1), int64(len(file.vocab))
	for id := range file.byID {
		highest = max(highest, int64(id))
	}
	for id, t := range added.tokens {
		highest = max(highest, int64(id))
		if other, taken := file.byID[id]; !taken {
			count++
		} else if other != t.content {
			return nil, nil, file.fail("added_tokens", fmt.Sprintf("token %s, whose id becomes %d, which %s has", quote(t.content), id, quote(other)), "a vocabulary without gaps, or the token in it")
		}
	}
	size := int64(vocabSize)
	if size == 0 {
		size = count
	}
	if size < 1 || size > maxVocab {
		return nil, nil, formats.Errorf(src.path("config.json"), "vocab_size", "found %d, expected 1 to %d", size, maxVocab)
	}
	if highest >= size {
		text, ok := file.byID[uint32(highest)]
		if !ok {
			text = added.tokens[uint32(highest)].content
		}
		return nil, nil, file.fail("vocabulary", fmt.Sprintf("token %s with id %d", quote(text), highest), fmt.Sprintf("ids below the model's vocabulary size %d", size))
	}

	decode, err := file.decoder(class)
	if err != nil {
		return nil, nil, err
	}
	splitSpecial := false
	if v, _ := get(config, "split_special_tokens"); v == true {
		splitSpecial = true
	}
	tokens, types := make([]string, size), make([]int32, size)
	rewritten, firstRewritten := 0, ""
	for i := range tokens {
		id := uint32(i)
		t, isAdded := added.tokens[id]
		switch text, ok := file.byID[id]; {
		case isAdded:
			tokens[i] = t.content
			if !t.normalized() && !(splitSpecial && t.special) {
				tokens[i] = decode(t.content)
				if tokens[i] != t.content {
					if rewritten++; rewritten == 1 {
						firstRewritten = quote(t.content) + " as " + quote(tokens[i])
					}
				}
			}
			types[i] = tokenControl
			if !t.special && !looksSpecial(tokens[i]) {
				types[i] = tokenUserDefined
				tokens[i] = strings.ReplaceAll(tokens[i], "▁", " ")
			}
		case ok:
			tokens[i], types[i] = text, tokenNormal
		default:
			tokens[i], types[i] = fmt.Sprintf("[PAD%d]", i), tokenUnused
		}
	}
	if rewritten > 0 {
		n.warn("token-rewritten", file.file, "%d added tokens are written as the text that they stand for, the first %s", rewritten, firstRewritten)
	}
	return tokens, types, nil
}

// decoder returns what turns the text of a token in the vocabulary into the text
// that it stands for.
func (t *tokenizerFile) decoder(class string) (func(string) string, error) {
	v, _ := t.root.Get("decoder")
	kind, _ := typed(v)
	switch {
	case class != "" || kind == "ByteLevel":
		return decodeByteLevel, nil
	case v == nil:
		return func(s string) string { return s }, nil
	}
	return nil, t.fail("decoder.type", quote(kind), `"ByteLevel"`)
}

// typed returns the type of one of the stages of a tokenizer.
func typed(v any) (string, *ordjson.Object) {
	o, _ := v.(*ordjson.Object)
	kind, _ := get(o, "type")
	s, _ := kind.(string)
	return s, o
}

// looksSpecial recognises control tokens that nobody marked as special.
func looksSpecial(token string) bool {
	switch token {
	case "<pad>", "<mask>", "<2mass>", "[@BOS@]":
		return true
	}
	for _, ends := range [][2]string{{"<|", "|>"}, {"<｜", "｜>"}, {"<unused", ">"}} {
		if strings.HasPrefix(token, ends[0]) && strings.HasSuffix(token, ends[1]) {
			return true
		}
	}
	return false
}
