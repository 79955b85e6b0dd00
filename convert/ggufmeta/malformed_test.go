package ggufmeta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// wantError checks that err is an input error with all those words in it, on one
// line.
func wantError(t *testing.T, name string, err error, words ...string) {
	t.Helper()
	var place *formats.Error
	if !errors.As(err, &place) {
		t.Errorf("%s: got %v, want a *formats.Error", name, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: got %q, want %q in it", name, err, word)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r\x1b") || len(err.Error()) > 700 {
		t.Errorf("%s: %q is not one line", name, err)
	}
}

func TestMalformedTokenizer(t *testing.T) {
	path := func(p string) []any {
		var steps []any
		for step := range strings.SplitSeq(p, "/") {
			if step >= "0" && step <= "9" {
				steps = append(steps, json.Number(step))
			} else {
				steps = append(steps, step)
			}
		}
		return steps
	}
	olmo2 := new(ordjson.Object)
	olmo2.Set("model_type", "olmo2")
	for _, c := range []struct {
		path, value string
		words       []string
	}{
		{"model", `[]`, []string{"model: found a list, expected a mapping"}},
		{"model/type", `"WordPiece"`, []string{"model.type", `"WordPiece"`, `expected "BPE"`}},
		{"model/vocab", `[["a", 0]]`, []string{"model.vocab", "found a list", "expected a mapping"}},
		{"model/vocab/!", `-1`, []string{`model.vocab["!"]`, "found the number -1", "expected an id of 32 bits"}},
		{"model/vocab/!", `4294967296`, []string{`model.vocab["!"]`, "4294967296", "32 bits"}},
		{"model/vocab/!", `1e2`, []string{`model.vocab["!"]`, "1e2", "32 bits"}},
		{"model/vocab/!", `"0"`, []string{`model.vocab["!"]`, `the string "0"`}},
		{"model/vocab/!", `5`, []string{`model.vocab["&"]`, `id 5, which "!" has too`, "expected an id for each token"}},
		{"model/vocab/!", `600`, []string{`token "!" with id 600`, "expected ids below", "560"}},
		{"model/merges", `{}`, []string{"model.merges: found a mapping, expected a list"}},
		{"model/merges/0", `5`, []string{"model.merges[0]", "found the number 5", "expected a string of two parts"}},
		{"model/merges/1", `"a"`, []string{"model.merges[1]", `"a"`, "two parts"}},
		{"model/merges/1", `"a b c"`, []string{"model.merges[1]", "two parts"}},
		{"model/merges/1", `["a","b"]`, []string{"model.merges[1]", "a list", "as the first merge"}},
		{"model/merges/0", `["a","b"]`, []string{"model.merges", "as the first merge"}},
		{"model/merges/0", `["a"]`, []string{"model.merges[0]", "a list of two strings"}},
		{"model/merges/2", `"zz q"`, []string{"model.merges[2]", `found "zz"`, "expected a token of model.vocab"}},
		{"model/merges/2", `"q z"`, []string{"model.merges[2]", `found "qz"`}},
		{"model/byte_fallback", `true`, []string{"model.byte_fallback: found true", "--pretokenizer"}},
		{"model/dropout", `0.1`, []string{"model.dropout: found the number 0.1"}},
		{"model/ignore_merges", `true`, []string{"pre_tokenizer", "ignore_merges", "expected dbrx", "or olmo", "--pretokenizer NAME"}},
		{"added_tokens", `{}`, []string{"added_tokens: found a mapping, expected a list"}},
		{"added_tokens/1", `"x"`, []string{"added_tokens[1]", `the string "x"`, "expected a mapping"}},
		{"added_tokens/1/id", `-5`, []string{"added_tokens[1].id", "-5", "32 bits"}},
		{"added_tokens/1/content", `7`, []string{"added_tokens[1].content", "the number 7", "expected a string"}},
		{"added_tokens/1/content", `"` + strings.Repeat("x", maxTokenText+1) + `"`, []string{"added_tokens[1].content", "found 65537 bytes", "at most 65536"}},
		{"added_tokens/1/special", `1`, []string{"added_tokens[1].special", "the number 1", "true or false"}},
		{"added_tokens/1/special", `null`, []string{"added_tokens[1]: found no special, expected each of"}},
		{"normalizer", `{"type":"NFC"}`, []string{"pre_tokenizer", "found NFC, Split(cl100k's expression), ByteLevel", "expected dbrx"}},
		{"normalizer", `{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"Lowercase"}]}`, []string{"found NFD, Lowercase, Split"}},
		{"normalizer", `5`, []string{"found the number 5, Split"}},
		{"pre_tokenizer", `null`, []string{"pre_tokenizer", "found null, expected"}},
		{"pre_tokenizer", `{"type":"Whitespace"}`, []string{"found Whitespace, expected"}},
		{"pre_tokenizer", `{"type":"ByteLevel","add_prefix_space":true}`, []string{"found ByteLevel(with a space before the text)"}},
		{"pre_tokenizer", `{"type":"Sequence","pretokenizers":[` + strings.Repeat(`{"type":"Punctuation"},`, 50) + `{}]}`, []string{"Sequence(of 51 stages)"}},
		{"pre_tokenizer/pretokenizers/0/pattern", `{"String":"x"}`, []string{"found Split(by a fixed string), ByteLevel"}},
		{"pre_tokenizer/pretokenizers/0/pattern/Regex", `"\u001b[31m"`, []string{`found Split(\x1b[31m)`}},
		{"pre_tokenizer/pretokenizers/0/behavior", `"MergedWithNext"`, []string{"behavior MergedWithNext"}},
		{"decoder", `{"type":"Metaspace"}`, []string{"decoder.type", `found "Metaspace"`, `expected "ByteLevel"`}},
		{"post_processor", `5`, []string{"post_processor", "found the number 5", "expected a mapping"}},
		{"post_processor", `{"processors":5}`, []string{"post_processor.processors", "expected a list"}},
		{"version", `1`, []string{"version", "the number 1", `expected "1.0"`}},
	} {
		files := fixture(t, "dolma2-tiny")
		tok := edit(t, parse(t, files["tokenizer.json"]), path(c.path), parse(t, []byte(c.value)))
		files["tokenizer.json"] = encode(t, tok)
		_, _, err := Tokenizer(files.source("x", olmo2), Options{}, 560)
		wantError(t, fmt.Sprintf("%s = %.60s", c.path, c.value), err, append(c.words, "tokenizer.json: ", "found ", "expected ")...)
	}
}

func TestMalformedBeside(t *testing.T) {
	for _, c := range []struct {
		file, text string
		words      []string
	}{
		{"tokenizer.json", "", []string{"byte 0: found the end of the document, expected an object"}},
		{"tokenizer.json", "[1]", []string{"byte 0: found an array, expected an object"}},
		{"tokenizer.json", "<!DOCTYPE html>", []string{"byte 0", "expected an object"}},
		{"tokenizer.json", `{"model":` + strings.Repeat("[", 200), []string{"levels of nesting"}},
		{"tokenizer.json", `{"x":[` + strings.Repeat("0,", 4<<20) + `0]}`, []string{"found more than 4194304 values"}},
		{"tokenizer.json", `{"model": NaN}`, []string{"byte 10", "NaN"}},
		{"tokenizer_config.json", "{", []string{"byte 1", "expected"}},
		{"tokenizer_config.json", `{"eos_token": 5}`, []string{`"eos_token": found the number 5, expected a token`}},
		{"tokenizer_config.json", `{"eos_token": {"content": 5}}`, []string{`"eos_token".content: found the number 5`}},
		{"tokenizer_config.json", `{"eos_token": "` + strings.Repeat("x", maxTokenText+1) + `"}`, []string{`"eos_token": found 65537 bytes`}},
		{"tokenizer_config.json", `{"added_tokens_decoder": []}`, []string{"added_tokens_decoder: found a list, expected a mapping"}},
		{"tokenizer_config.json", `{"added_tokens_decoder": {"-1": {"content": "x"}}}`, []string{`added_tokens_decoder["-1"]`, "expected an id"}},
		{"tokenizer_config.json", `{"added_tokens_decoder": {"1": 5}}`, []string{`added_tokens_decoder["1"]: found the number 5, expected a mapping`}},
		{"tokenizer_config.json", `{"extra_special_tokens": 5}`, []string{"extra_special_tokens: found the number 5, expected a list"}},
		{"tokenizer_config.json", `{"extra_special_tokens": [5]}`, []string{"extra_special_tokens[0]: found the number 5, expected a token"}},
		{"tokenizer_config.json", `{"chat_template": [5]}`, []string{"chat_template[0]: found the number 5, expected a mapping"}},
		{"tokenizer_config.json", `{"chat_template": [{"name": 5}]}`, []string{"chat_template[0].name: found the number 5, expected a string"}},
		{"tokenizer_config.json", `{"chat_template": [{"name": "a", "template": true}]}`, []string{"chat_template[0].template: found true, expected a string"}},
		{"tokenizer_config.json", `{"chat_template": [` + strings.Repeat("0,", maxTemplates) + `0]}`, []string{"found 1025 templates, expected at most 1024"}},
		{"special_tokens_map.json", `{"pad_token": {"content": "x", "lstrip": 1}}`, []string{`"pad_token".lstrip: found the number 1, expected true or false`}},
		{"added_tokens.json", `{"x": "y"}`, []string{`"x": found the string "y", expected an id`}},
		{"chat_template.json", `5`, []string{"byte 0", "expected an object"}},
		{"chat_template.jinja", "\xff", []string{"found bytes that are not UTF-8"}},
		{"merges.txt", "\xff", []string{"found bytes that are not UTF-8"}},
	} {
		files := fixture(t, "dolma2-tiny")
		switch c.file {
		case "chat_template.json", "chat_template.jinja":
			files["tokenizer_config.json"] = []byte(`{"x": 1}`)
		case "merges.txt":
			files["tokenizer.json"] = encode(t, edit(t, parse(t, files["tokenizer.json"]), []any{"model", "merges"}, []any{}))
		case "tokenizer_config.json":
			delete(files, "special_tokens_map.json")
		}
		files[c.file] = []byte(c.text)
		_, _, err := Tokenizer(files.source("x", new(ordjson.Object)), Options{}, 560)
		wantError(t, fmt.Sprintf("%s = %.60s", c.file, c.text), err, append(c.words, c.file+": ")...)
	}
}

func TestMalformedConfig(t *testing.T) {
	for _, c := range []struct {
		config, size string
		words        []string
	}{
		{`{}`, "533", []string{`token "<|pad|>" with id 533`, "expected ids below the model's vocabulary size 533"}},
		{`{}`, "-1", []string{"vocab_size: found -1, expected 1 to 4194304"}},
		{`{}`, "1000000000000", []string{"vocab_size: found 1000000000000"}},
		{`{"eos_token_id": -1}`, "534", []string{"eos_token_id: found the number -1, expected an id of 32 bits"}},
		{`{"eos_token_id": "x"}`, "534", []string{"eos_token_id", `the string "x"`}},
	} {
		files := fixture(t, "dolma2-tiny")
		size, _ := ordjson.Int(json.Number(c.size))
		_, _, err := Tokenizer(files.source("x", object(parse(t, []byte(c.config)))), Options{}, int(size))
		wantError(t, c.config+c.size, err, c.words...)
	}
}

func TestNoTokenizer(t *testing.T) {
	_, _, err := Tokenizer(memory{}.source("x", nil), Options{}, 0)
	if !errors.Is(err, ErrNoTokenizer) {
		t.Errorf("got %v", err)
	}
	wantError(t, "none", err, "tokenizer.json: found no such file")

	src := memory{}.source("x", nil)
	src.Read = func(string) ([]byte, error) { return nil, fs.ErrPermission }
	if _, _, err := Tokenizer(src, Options{}, 0); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if _, err := General(src, Options{}, "olmo2"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

func TestMalformedCard(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	merges := "a0: &a0 {k: v}\n"
	for i := range 60 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
		merges += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d], k%d: v}\n", i+1, i+1, i, i, i)
	}
	chain := "a0: &a0 {k: v}\n"
	for i := range 2000 {
		chain += fmt.Sprintf("a%d: &a%d {<<: *a%d, k%d: v}\n", i+1, i+1, i, i)
	}
	for _, c := range []struct {
		yaml  string
		words []string // of the error; none if the card is good
	}{
		{bomb, nil},
		{bomb + "tags: *a60", []string{"tags[0]: found a list, expected a string"}},
		{merges, nil},
		{chain, []string{"line 363", "found merge keys that copy more than 65536 members"}},
		{strings.Repeat("[", 1<<18), []string{"line 2", "found text that is not YAML", "depth"}},
		{strings.Repeat("a: {", 5000), []string{"found text that is not YAML"}},
		{strings.Repeat("x: y\n", 1<<17), []string{"front matter: found more than 524288 bytes, expected at most that many"}},
		{"a: \xff", []string{"front matter: found bytes that are not UTF-8"}},
		{"a: \x01", []string{"front matter: found character U+0001"}},
		{"a: [b", []string{"line 3", "found text that is not YAML"}},
		{"x: 1\na: b: c", []string{"line 3", "not YAML"}},
		{"a: *b", []string{"not YAML", "b"}},
		{"? [a]\n: b", []string{"line 2: found a list as a key, expected a string"}},
		{"x: 1\ny: !who x", []string{`line 3: found tag "!who", expected a tag of YAML 1.1`}},
		{"y: !!int x", []string{`line 2: found "x" with tag "!!int"`}},
		{"y: !!int " + strings.Repeat("9", 5000), []string{"with tag"}},
		{"<<: 5", []string{"line 2: found the number 5 behind <<, expected a mapping"}},
		{"version: 1.0", []string{"version: found the number 1, expected a string (put it in quotes)"}},
		{"author: 2024-11-26", []string{"author: found a date, expected a string"}},
		{"license: [mit, 5]", []string{"license[1]: found the number 5"}},
		{"language: [en, no]", []string{"language[1]: found false, expected a string"}},
		{"base_model: [{name: [x]}]", []string{"base_model[0].name: found a list, expected a string"}},
	} {
		files := memory{"README.md": []byte("---\n" + c.yaml + "\n---\n")}
		_, err := General(files.source("x", nil), Options{}, "olmo2")
		if c.words != nil {
			wantError(t, fmt.Sprintf("%.40q", c.yaml), err, append(c.words, "README.md: ")...)
		} else if err != nil {
			t.Errorf("%.40q: %v", c.yaml, err)
		}
	}
}

func TestMalformedGeneral(t *testing.T) {
	for _, c := range []struct {
		file, text string
		words      []string
	}{
		{"generation_config.json", `{"top_k": 2147483648}`, []string{"generation_config.json: top_k: found the number 2147483648, expected an integer of 32 bits"}},
		{"generation_config.json", `{"temperature": "x"}`, []string{`temperature: found the string "x", expected a number`}},
		{"generation_config.json", `{"temperature": 1e39}`, []string{"temperature: found the number 1e39, expected a number of float32's range"}},
		{"generation_config.json", `{"a": 1, "a": 2}`, []string{"byte 9", `"a"`}},
		{"generation_config.json", `[1]`, []string{"byte 0", "expected an object"}},
		{"config.json", `{"_name_or_path": 5}`, []string{"config.json: _name_or_path: found the number 5, expected a string"}},
		{"--metadata", `{"general.name": `, []string{"--metadata: byte 17"}},
		{"--metadata", `{"general.name": 5}`, []string{"--metadata: general.name: found the number 5, expected a string"}},
		{"--metadata", `{"general.tags": "x"}`, []string{`general.tags: found the string "x", expected a list`}},
		{"--metadata", `{"general.datasets": ["x"]}`, []string{`general.datasets[0]: found the string "x", expected a mapping`}},
		{"--metadata", `{"general.sampling.temp": "x"}`, []string{`general.sampling.temp: found the string "x"`}},
	} {
		files, o := memory{c.file: []byte(c.text)}, Options{}
		var config *ordjson.Object
		switch c.file {
		case "config.json":
			config = object(parse(t, []byte(c.text)))
		case "--metadata":
			o.Metadata = []byte(c.text)
		}
		_, err := General(files.source("x", config), o, "olmo2")
		wantError(t, c.text, err, c.words...)
	}
	_, err := General(memory{}.source("\xff-7B", nil), Options{}, "olmo2")
	wantError(t, "directory", err, `directory "\xff-7B", expected UTF-8 text`)
}
