package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"olmotool/formats/gguf"
)

// ggufOf has the key-values that llama.cpp's converter makes of a tiny tokenizer
// and a vocabulary of 560 entries.
func ggufOf(t testing.TB, base string) []gguf.KV {
	t.Helper()
	doc := document(t, base)
	model := doc["model"].(object)
	tokens, types := make([]string, 560), make([]int32, 560)
	for i := range tokens {
		tokens[i], types[i] = fmt.Sprintf("[PAD%d]", i), typeUnused
	}
	for token, n := range model["vocab"].(object) {
		id, _ := tokenID(n)
		tokens[id], types[id] = token, typeNormal
	}
	for _, a := range doc["added_tokens"].([]any) {
		a := a.(object)
		id, _ := tokenID(a["id"])
		tokens[id], types[id] = a["content"].(string), typeUserDefined
		if a["special"] == true || strings.HasPrefix(tokens[id], "<|") {
			types[id] = typeControl
		}
	}
	var merges []string
	for _, m := range model["merges"].([]any) {
		merges = append(merges, m.(string))
	}
	return []gguf.KV{
		{Key: "general.architecture", Value: "olmo"},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: map[string]string{"dolma2-tiny": "dbrx", "olmo1-tiny": "olmo"}[base]},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: merges},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(513)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(533)},
		{Key: "tokenizer.ggml.add_bos_token", Value: false},
		{Key: "tokenizer.chat_template", Value: "{{ x }}"},
	}
}

func parseGGUF(t testing.TB, kvs []gguf.KV) *Tokenizer {
	t.Helper()
	tok, err := ParseGGUF(kvs, "f.gguf")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestGGUF(t *testing.T) {
	g := readGolden(t)
	for _, base := range bases {
		tok := parseGGUF(t, ggufOf(t, base))
		for i, text := range g.Texts {
			equalIDs(t, tok, text, true, g.IDs[base][i])
		}
		if tok.VocabSize() != 560 || tok.Text(559) != "" || tok.Text(220) != parse(t, baseFile(t, base)).Text(220) {
			t.Errorf("%s: %d ids, the last one %q, 220 is %q", base, tok.VocabSize(), tok.Text(559), tok.Text(220))
		}
	}
}

func TestGGUFSettings(t *testing.T) {
	kvs := ggufOf(t, "dolma2-tiny")
	both := gguf.Set(gguf.Set(kvs, "tokenizer.ggml.add_bos_token", true), "tokenizer.ggml.add_eos_token", true)
	equalIDs(t, parseGGUF(t, both), "in", true, []int32{513, 258, 533})
	equalIDs(t, parseGGUF(t, both), "in", false, []int32{258})

	// The name that ollama gives implies more.
	llama := gguf.Set(kvs, "tokenizer.ggml.pre", "llama-bpe")
	equalIDs(t, parseGGUF(t, gguf.Delete(llama, "tokenizer.ggml.add_bos_token")), "in", true, []int32{513, 258})
	equalIDs(t, parseGGUF(t, llama), "in", true, []int32{258})
	noMerges := gguf.Set(kvs, "tokenizer.ggml.merges", []string{})
	equalIDs(t, parseGGUF(t, noMerges), "in", true, []int32{72, 77})
	equalIDs(t, parseGGUF(t, gguf.Set(noMerges, "tokenizer.ggml.pre", "llama-bpe")), "in", false, []int32{258})
}

func TestMalformedGGUF(t *testing.T) {
	kvs := ggufOf(t, "dolma2-tiny")
	lookup := func(key string) any {
		return kvs[slices.IndexFunc(kvs, func(kv gguf.KV) bool { return kv.Key == "tokenizer.ggml."+key })].Value
	}
	tokens, types := lookup("tokens").([]string), lookup("token_type").([]int32)
	token := func(i int, s string) []string { return slices.Replace(slices.Clone(tokens), i, i+1, s) }
	kind := func(i int, k int32) []int32 { return slices.Replace(slices.Clone(types), i, i+1, k) }
	for _, c := range []struct {
		key   string
		value any // nil: none
		want  string
	}{
		{"model", "llama", `tokenizer.ggml.model: found "llama", expected "gpt2", as tokenizers of bytes are called`},
		{"model", nil, `tokenizer.ggml.model: found "", expected "gpt2"`},
		{"model", int32(1), `key-values: key "tokenizer.ggml.model": found int32, expected string`},
		{"pre", "qwen2", `tokenizer.ggml.pre: found "qwen2", expected "dbrx", "llama-bpe" or "olmo"`},
		{"tokens", nil, "tokenizer.ggml.tokens: found 0 tokens, expected 1 to 4194304"},
		{"tokens", []int32{1}, `key-values: key "tokenizer.ggml.tokens": found array of int32, expected array of string`},
		{"token_type", nil, "tokenizer.ggml.token_type: found 0 types, expected 560, one for each token"},
		{"token_type", kind(7, 6), "tokenizer.ggml.tokens[7]: found a token of type 6, expected 1, 3, 4 or 5"},
		{"tokens", token(7, "in"), `tokenizer.ggml.tokens[258]: found "in", which id 7 is too, expected an id for each token`},
		{"tokens", token(513, ""), `tokenizer.ggml.tokens[513]: found an empty token, expected text`},
		{"tokens", token(513, "\xff\xfe"), `tokenizer.ggml.tokens[513]: found "\xff\xfe", expected UTF-8 text`},
		{"tokens", token(7, "zz"), `vocabulary: found no token "(", expected one for byte 0x28`},
		{"merges", []string{"in"}, `tokenizer.ggml.merges[0]: found "in", expected two tokens with a space between`},
		{"merges", []string{"i n", "q q"}, `tokenizer.ggml.merges[1]: found "q" and "q", expected them`},
		{"add_space_prefix", true, "tokenizer.ggml.add_space_prefix: found true, expected false, as tokenizers of bytes have it"},
		{"normalizer.lowercase", true, "tokenizer.ggml.normalizer.lowercase: found true, expected false"},
		{"normalizer.lowercase", "x", `key-values: key "tokenizer.ggml.normalizer.lowercase": found string, expected bool`},
		{"precompiled_charsmap", []uint8{1}, "tokenizer.ggml.precompiled_charsmap: found a key that is not known"},
		{"add_eos_token", "x", `key-values: key "tokenizer.ggml.add_eos_token": found string, expected bool`},
		{"bos_token_id", uint32(559), ""}, // not asked for
	} {
		with := gguf.Set(kvs, "tokenizer.ggml."+c.key, c.value)
		if c.value == nil {
			with = gguf.Delete(kvs, "tokenizer.ggml."+c.key)
		}
		_, err := ParseGGUF(with, "f.gguf")
		if c.want == "" && err == nil {
			continue
		}
		refused(t, fmt.Sprint(c.key, " ", c.value), c.want, err)
	}
	for id, want := range map[any]string{
		uint32(559):  "found 559",
		uint32(9999): "found 9999",
		nil:          "found 4194304",
	} {
		with := gguf.Set(gguf.Delete(kvs, "tokenizer.ggml.bos_token_id"), "tokenizer.ggml.add_bos_token", true)
		if id != nil {
			with = gguf.Set(with, "tokenizer.ggml.bos_token_id", id)
		}
		_, err := ParseGGUF(with, "f.gguf")
		refused(t, fmt.Sprint("bos ", id), "tokenizer.ggml.bos_token_id: "+want, err)
	}
}
