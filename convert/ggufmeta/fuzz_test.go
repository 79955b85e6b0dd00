package ggufmeta

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"olmotool/formats/gguf"
	"olmotool/formats/tokenizer"
	"olmotool/internal/ordjson"
)

// checkRecords looks for what a GGUF must not have.
func checkRecords(t *testing.T, kvs []gguf.KV) {
	t.Helper()
	seen := map[string]bool{}
	check := func(key string, texts ...string) {
		for _, s := range texts {
			if !utf8.ValidString(s) {
				t.Fatalf("%s is not UTF-8: %q", key, s)
			}
		}
	}
	for _, kv := range kvs {
		if seen[kv.Key] || kv.Key == "" {
			t.Fatalf("key %q twice", kv.Key)
		}
		seen[kv.Key] = true
		switch v := kv.Value.(type) {
		case string:
			check(kv.Key, v)
			if v == "" {
				t.Fatalf("%s is empty", kv.Key)
			}
		case []string:
			check(kv.Key, v...)
		case []int32, []float32, []bool, uint32, int32, float32, bool:
		default:
			t.Fatalf("%s has type %T", kv.Key, kv.Value)
		}
	}
}

func FuzzGeneral(f *testing.F) {
	golden := readGolden(f, "general.json").([]any)
	for i, c := range golden {
		if card, ok := member(object(c), "card").(string); ok && i%3 == 0 {
			f.Add(card, "OLMo-2-1124-7B-Instruct", "")
		}
	}
	f.Add("", "x", `{"temperature": 0.6, "top_k": 50, "repetition_penalty": 1}`)
	f.Add("", "\xdf\n", "")
	f.Add("---\na: &a [*a]\n<<: {b: *a}\ntags: *a\n---", "a b", "[")
	f.Fuzz(func(t *testing.T, card, dir, generation string) {
		if len(card) > 1<<14 {
			return // to keep the fuzzer quick
		}
		files := memory{"README.md": []byte(card), "generation_config.json": []byte(generation)}
		src := files.source(dir, nil)
		kvs, err := General(src, Options{Parameters: 7_298_617_344}, "olmo2")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		checkRecords(t, kvs)
		name, err := FileName(src, Options{}, "bf16")
		if err == nil && strings.ContainsAny(name, "/\\\x00") {
			t.Fatalf("file name %q", name)
		}
	})
}

// FuzzTokenizer varies tokenizer.json and tokenizer_config.json. The vocabulary
// is much smaller than that of the tiny tokenizers, so that mutations hit what
// matters.
func FuzzTokenizer(f *testing.F) {
	const split = `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":%q},"behavior":"Removed","invert":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}`
	const tok = `{"version":"1.0","padding":null,"added_tokens":[{"id":3,"content":"<|e|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],` +
		`"normalizer":%s,"pre_tokenizer":%s,"post_processor":%s,"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"<|e|>":3},"merges":%s}}`
	dolma2 := fmt.Sprintf(split, tokenizer.Dolma2Pattern)
	for _, seed := range []string{
		fmt.Sprintf(tok, "null", dolma2, "null", `["a b"]`),
		fmt.Sprintf(tok, `{"type":"NFC"}`, `{"type":"ByteLevel","add_prefix_space":false}`, `{"type":"ByteLevel"}`, `[["a","b"]]`),
		fmt.Sprintf(tok, "null", dolma2, `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|e|>"}},{"Sequence":{"id":"A"}}],"pair":[{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"<|e|>"}},{"Sequence":{"id":"B"}}]}`, `[]`),
		fmt.Sprintf(tok, "null", dolma2, `{"type":"RobertaProcessing","sep":["<|e|>",3],"cls":["<|e|>",3]}`, `["a b c"]`),
		`{"model":{"type":"BPE","vocab":{"a":-1},"merges":[5]},"added_tokens":{}}`, `[]`, `{`, "",
	} {
		f.Add(seed, `{"eos_token":"<|e|>","pad_token":{"content":"<p>","__type":"AddedToken"},"added_tokens_decoder":{"9":{"content":"<x>"}}}`, "olmo2", 16)
		f.Add(seed, `{"tokenizer_class":"GPT2Tokenizer","chat_template":[{"name":"default","template":"x"},{"name":"b","template":"y"}],"extra_special_tokens":{"a":"b"}}`, "olmo", 0)
	}
	f.Fuzz(func(t *testing.T, tokenizer, config, modelType string, size int) {
		if size > 1<<12 {
			return // to keep the fuzzer quick
		}
		hf := new(ordjson.Object)
		hf.Set("model_type", modelType)
		files := memory{"tokenizer.json": []byte(tokenizer), "tokenizer_config.json": []byte(config)}
		kvs, _, err := Tokenizer(files.source("x", hf), Options{}, size)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		checkRecords(t, kvs)
		tokens, types := find(kvs, "tokenizer.ggml.tokens").([]string), find(kvs, "tokenizer.ggml.token_type").([]int32)
		if len(tokens) != len(types) || size > 0 && len(tokens) != size {
			t.Fatalf("%d tokens, %d types, size %d", len(tokens), len(types), size)
		}
	})
}
