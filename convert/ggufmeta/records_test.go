package ggufmeta

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

func find(kvs []gguf.KV, key string) any {
	for _, kv := range kvs {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// TestPreTokenizerOption: a name that is given needs no known structure.
func TestPreTokenizerOption(t *testing.T) {
	files := fixture(t, "dolma2-tiny")
	tok := edit(t, parse(t, files["tokenizer.json"]), []any{"pre_tokenizer"}, nil)
	files["tokenizer.json"] = encode(t, tok)
	kvs, _, err := Tokenizer(files.source("x", nil), Options{PreTokenizer: "own"}, 0)
	if err != nil || find(kvs, "tokenizer.ggml.pre") != "own" {
		t.Errorf("got %v, %v", find(kvs, "tokenizer.ggml.pre"), err)
	}
	if tokens := find(kvs, "tokenizer.ggml.tokens").([]string); len(tokens) != 534 {
		t.Errorf("%d tokens without a size, want as many as there are", len(tokens))
	}
}

func TestNormalizerRecords(t *testing.T) {
	files := fixture(t, "dolma2-tiny")
	normalizer := parse(t, []byte(`{"type":"Sequence","normalizers":[{"type":"Lowercase"},{"type":"BertNormalizer","lowercase":null,"strip_accents":true}]}`))
	files["tokenizer.json"] = encode(t, edit(t, parse(t, files["tokenizer.json"]), []any{"normalizer"}, normalizer))
	kvs, _, err := Tokenizer(files.source("x", nil), Options{PreTokenizer: "own"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []gguf.KV{{Key: "tokenizer.ggml.normalizer.strip_accents", Value: true}}
	if got := kvs[len(kvs)-1:]; !reflect.DeepEqual(got, want) || find(kvs, "tokenizer.ggml.normalizer.lowercase") != nil {
		t.Errorf("got %v", got)
	}
}

func TestFindings(t *testing.T) {
	files := fixture(t, "dolma2-tiny")
	tok := parse(t, files["tokenizer.json"])
	edit(t, tok, []any{"added_tokens", json.Number("0"), "content"}, "Ġspace")
	edit(t, tok, []any{"model", "merges"}, []any{})
	edit(t, tok, []any{"post_processor"}, parse(t, []byte(`{"type":"ByteLevel"}`)))
	files["tokenizer.json"] = encode(t, tok)
	files["tokenizer_config.json"] = []byte(`{"eos_token": "<nowhere>", "add_bos_token": true, "chat_template": 5}`)
	_, got, err := Tokenizer(files.source("x", nil), Options{}, 560)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range got {
		codes = append(codes, f.Code)
		if f.Severity != formats.Warning || f.Where == "" || f.Message == "" || strings.Contains(f.Message, "\n") {
			t.Errorf("finding %+v", f)
		}
	}
	if want := []string{"token-rewritten", "no-merges", "post-processor-wins", "special-token-unknown", "chat-template-ignored"}; !reflect.DeepEqual(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
}

// TestTemplatesSorted: files come in any order, records in one.
func TestTemplatesSorted(t *testing.T) {
	files := fixture(t, "dolma2-tiny")
	files["tokenizer_config.json"] = []byte(`{"x": 1}`)
	files["chat_template.jinja"] = []byte("main")
	names := []string{"zed.jinja", "a.jinja", "../evil.jinja", "b.txt", "m-m.jinja"}
	for _, name := range names {
		files["additional_chat_templates/"+name] = []byte(name)
	}
	src := files.source("x", nil)
	src.List = func(dir string) ([]string, error) {
		if dir != "additional_chat_templates" {
			return nil, fmt.Errorf("listed %s", dir)
		}
		return names, nil
	}
	kvs, _, err := Tokenizer(src, Options{}, 560)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(kvs, func(kv gguf.KV) bool { return strings.HasPrefix(kv.Key, "tokenizer.chat") })
	want := []gguf.KV{
		{Key: "tokenizer.chat_template.a", Value: "a.jinja"},
		{Key: "tokenizer.chat_template.m_m", Value: "m-m.jinja"},
		{Key: "tokenizer.chat_template.zed", Value: "zed.jinja"},
		{Key: "tokenizer.chat_templates", Value: []string{"a", "m_m", "zed"}},
		{Key: "tokenizer.chat_template", Value: "main"},
	}
	if got := kvs[i:]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestFileNameStays: no name leads out of the directory.
func TestFileNameStays(t *testing.T) {
	for card, want := range map[string]string{
		"finetune: ../../etc\nbasename: b":  "b-..-..-etc-F16.gguf",
		`size_label: "/x\\y\0z"`:            "Plain--x-y-z-F16.gguf",
		"name: ../..":                       "..-..-F16.gguf",
		"version: \" v 1 \"\nbasename: ' '": "-v-1-F16.gguf",
	} {
		files := memory{"README.md": []byte("---\n" + card + "\n---\n")}
		if got, err := FileName(files.source("plain", nil), Options{}, "f16"); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", card, got, err, want)
		}
	}
	if got, err := FileName(memory{}.source("a-7B-chat", nil), Options{Parameters: 7e9}, ""); got != "a-7B-chat.gguf" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestManyTokens would take minutes if any step were quadratic.
func TestManyTokens(t *testing.T) {
	const n = 100_000
	tok := object(parse(t, fixture(t, "dolma2-tiny")["tokenizer.json"]))
	model := object(member(tok, "model"))
	vocab := object(member(model, "vocab"))
	first := vocab.Len()
	merges, added := member(model, "merges").([]any), member(tok, "added_tokens").([]any)
	config := new(ordjson.Object)
	extra := make([]any, n)
	for i := range n {
		text := fmt.Sprintf("t%d", i)
		vocab.Set(text, i+first)
		merges = append(merges, merges[0])
		extra[i] = text
		config.Set(fmt.Sprintf("n%d_token", i), text)
	}
	config.Set("extra_special_tokens", extra)
	model.Set("merges", merges)
	tok.Set("added_tokens", added)
	files := memory{"tokenizer.json": encode(t, tok), "tokenizer_config.json": encode(t, config)}
	kvs, _, err := Tokenizer(files.source("x", nil), Options{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	types := find(kvs, "tokenizer.ggml.token_type").([]int32)
	if len(types) != first+n || types[first] != tokenControl || types[first+n-1] != tokenControl {
		t.Errorf("%d tokens, types %d, %d", len(types), types[first], types[first+n-1])
	}
}
