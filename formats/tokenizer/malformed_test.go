package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"olmotool/formats"
)

type object = map[string]any

// path takes a path to pieces, numbers as package json has them.
func path(steps ...any) []any {
	for i, s := range steps {
		if n, ok := s.(int); ok {
			steps[i] = float64(n)
		}
	}
	return steps
}

func addedWith(key string, value any) object {
	o := object{"id": 534, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}
	o[key] = value
	return o
}

func templateOf(single ...any) object {
	single = append([]any{}, single...) // not null
	return object{"type": "TemplateProcessing", "single": single, "pair": []any{}, "special_tokens": object{
		"X": object{"id": "X", "ids": []int{513}, "tokens": []string{"<|endoftext|>"}},
		"U": object{"id": "U", "ids": []int{9999}, "tokens": []string{"u"}},
		"M": object{"id": "M", "ids": make([]int, 50), "tokens": []string{}},
	}}
}

func templateItem(kind, id string) object { return object{kind: object{"id": id, "type_id": 0}} }

var (
	textItem = templateItem("Sequence", "A")
	merge    = path("model", "merges", 1)
	token    = path("added_tokens", "+")
	split    = path("pre_tokenizer", "pretokenizers", 0)
	after    = path("post_processor")
)

// malformed are edits of dolma2-tiny.
var malformed = []struct {
	path  []any
	value any
	want  string // of the message, behind the name of the file
}{
	{path("extra"), 1, `found "extra", expected only version, truncation, padding, added_tokens, normalizer, pre_tokenizer, post_processor, decoder, model`},
	{path("version"), "2.0", `version: found "2.0", expected "1.0"`},
	{path("truncation"), object{"max_length": 512}, "truncation: found an object, expected null: texts are encoded whole"},
	{path("padding"), object{"strategy": object{"Fixed": 8}}, `padding.strategy: found an object, expected "BatchLongest", which leaves a single text alone`},
	{path("padding"), object{"strategy": "BatchLongest", "pad_to_multiple_of": 8}, `padding.pad_to_multiple_of: found "8", expected null: texts are not padded`},
	{path("padding"), object{"strategy": "BatchLongest", "side": 8}, `padding: found "side", expected only strategy,`},
	{path("normalizer"), object{"type": "Lowercase"}, `normalizer.type: found "Lowercase", expected "NFC", or no normalizer`},
	{path("normalizer"), object{"type": "NFC", "form": 1}, `normalizer: found "form", expected only type`},
	{path("normalizer"), object{"type": "Sequence", "normalizers": []any{object{"type": "NFC"}, object{"type": "NFKC"}}}, `normalizer.normalizers[1].type: found "NFKC", expected "NFC", or no normalizer`},
	{path("normalizer"), object{"type": "Sequence", "normalizers": []any{"NFC"}}, `normalizer.normalizers[0]: found "NFC", expected an object`},
	{path("normalizer"), object{"type": "Sequence", "normalizers": make([]object, 9)}, `normalizer.normalizers[0]: found null, expected an object`},
	{path("normalizer"), object{"type": "Sequence", "normalizers": []any{object{}, object{}, object{}, object{}, object{}, object{}, object{}, object{}, object{}}}, `normalizer.normalizers: found 9 stages, expected at most 8`},
	{path("normalizer"), object{"type": "Sequence", "list": []any{}}, `normalizer: found "list", expected only type, normalizers`},
	{path("normalizer"), []any{}, "normalizer: found a list, expected an object"},
	{path("pre_tokenizer"), nil, "pre_tokenizer: found 0 stages, expected ByteLevel, or Split and ByteLevel"},
	{path("pre_tokenizer"), object{"type": "Whitespace"}, `pre_tokenizer.type: found "Whitespace", expected "ByteLevel"`},
	{path("pre_tokenizer", "pretokenizers", 1, "use_regex"), true, "pre_tokenizer.pretokenizers[1]: found add_prefix_space false, use_regex true behind a Split, expected both false"},
	{path("pre_tokenizer", "pretokenizers", 1, "add_prefix_space"), true, "pre_tokenizer.pretokenizers[1]: found add_prefix_space true, use_regex false behind a Split, expected both false"},
	{path("pre_tokenizer", "pretokenizers", 1, "add_prefix_space"), nil, "pre_tokenizer.pretokenizers[1].add_prefix_space: found null, expected true or false"},
	{path("pre_tokenizer", "pretokenizers", 1, "trim_offsets"), 1, `pre_tokenizer.pretokenizers[1].trim_offsets: found "1", expected true or false`},
	{path("pre_tokenizer", "pretokenizers", 1, "use_regex"), "no", `pre_tokenizer.pretokenizers[1].use_regex: found "no", expected true or false`},
	{path("pre_tokenizer", "pretokenizers", 1, "speed"), 1, `pre_tokenizer.pretokenizers[1]: found "speed", expected only type, add_prefix_space, trim_offsets, use_regex`},
	{append(split, "type"), "Digits", `pre_tokenizer.pretokenizers[0].type: found "Digits", expected "Split" before ByteLevel`},
	{append(split, "count"), 1, `pre_tokenizer.pretokenizers[0]: found "count", expected only type, pattern, behavior, invert`},
	{append(split, "pattern"), object{"String": " "}, `pre_tokenizer.pretokenizers[0].pattern: found "String", expected only Regex`},
	{append(split, "pattern", "Regex"), `\p{L}+`, `pre_tokenizer.pretokenizers[0].pattern.Regex: found "\\p{L}+", expected the expression of dolma2 or of GPT-2, letter by letter`},
	{append(split, "invert"), false, `pre_tokenizer.pretokenizers[0]: found behavior "Removed", invert false, expected "Isolated", false or "Removed", true`},
	{append(split, "behavior"), "MergedWithNext", `pre_tokenizer.pretokenizers[0]: found behavior "MergedWithNext", invert true, expected "Isolated", false or "Removed", true`},
	{path("decoder", "type"), "Metaspace", `decoder.type: found "Metaspace", expected "ByteLevel"`},
	{path("model"), nil, "model: found null, expected an object"},
	{path("model", "type"), "WordPiece", `model.type: found "WordPiece", expected "BPE"`},
	{path("model", "scores"), []any{}, `model: found "scores", expected only type, dropout,`},
	{path("model", "dropout"), 0.1, `model.dropout: found "0.1", expected null: ids are not random`},
	{path("model", "continuing_subword_prefix"), "##", `model.continuing_subword_prefix: found "##", expected null, as tokenizers of bytes have it`},
	{path("model", "end_of_word_suffix"), "</w>", `model.end_of_word_suffix: found "</w>", expected null, as tokenizers of bytes have it`},
	{path("model", "unk_token"), 3, `model.unk_token: found "3", expected a string`},
	{path("model", "byte_fallback"), "x", `model.byte_fallback: found "x", expected true or false`},
	{path("model", "vocab"), []any{}, "model.vocab: found a list, expected an object"},
	{path("model", "vocab", "zz"), 5, `model.vocab["zz"]: found id 5, which another token has, expected an id for each token`},
	{path("model", "vocab", "zz"), -1, `model.vocab["zz"]: found "-1", expected an id below 4194304`},
	{path("model", "vocab", "zz"), 4194304, `model.vocab["zz"]: found "4194304", expected an id below 4194304`},
	{path("model", "vocab", "zz"), 600.5, `model.vocab["zz"]: found "600.5", expected an id below 4194304`},
	{path("model", "vocab", "zz"), "600", `model.vocab["zz"]: found "600", expected an id below 4194304`},
	{path("model", "vocab"), object{"a": 0}, `vocabulary: found no token "Ā", expected one for byte 0x00`},
	{path("model", "merges"), "in", `model.merges: found "in", expected a list`},
	{merge, "in", `model.merges[1]: found "in", expected two tokens with a space between`},
	{merge, "i n g", `model.merges[1]: found "i n g", expected two tokens with a space between`},
	{merge, []any{"i", "n"}, "model.merges[1]: found a list, expected two tokens with a space between"},
	{path("model", "merges", 0), []any{"i", "n"}, `model.merges[1]: found "ĠĠ ĠĠ", expected a list of two tokens`},
	{path("model", "merges"), []any{[]any{"i"}}, "model.merges[0]: found a list, expected a list of two tokens"},
	{path("model", "merges"), []any{[]any{"i", 1}}, "model.merges[0]: found a list, expected a list of two tokens"},
	{merge, "q q", `model.merges[1]: found "q" and "q", expected them and both together in the vocabulary`},
	{merge, "q qqq", `model.merges[1]: found "q" and "qqq", expected them`},
	{merge, " q", `model.merges[1]: found "" and "q", expected them`},
	{merge, "Ġ Ġ", "model.merges[1]: found the merge of entry 0 again, expected each merge once"},
	{path("added_tokens"), object{}, "added_tokens: found an object, expected a list"},
	{token, "x", `added_tokens[22]: found "x", expected an object`},
	{token, addedWith("content", 7), `added_tokens[22].content: found "7", expected a string`},
	{token, addedWith("content", ""), "added_tokens[22]: found an empty token, expected text"},
	{token, addedWith("content", strings.Repeat("x", 257)), "added_tokens[22]: found a token of 257 bytes, expected at most 256"},
	{token, addedWith("content", "<|pad|>"), `added_tokens[22].content: found "<|pad|>" a second time, expected each token once`},
	{token, addedWith("content", "in"), `added_tokens[22]: found id 534 for "in", expected 258, as in the vocabulary`},
	{token, addedWith("id", "7"), `added_tokens[22].id: found "7", expected an id below 4194304`},
	{token, addedWith("id", 7), `added_tokens[22].id: found 7, expected 534, the next that is free`},
	{token, addedWith("id", 535), `added_tokens[22].id: found 535, expected 534, the next that is free`},
	{token, addedWith("lstrip", nil), `added_tokens[22].lstrip: found null, expected true or false`},
	{token, addedWith("score", 1), `added_tokens[22]: found "score", expected only id, content,`},
	{after, object{"type": "RobertaProcessing"}, `post_processor.type: found "RobertaProcessing", expected "ByteLevel" or "TemplateProcessing"`},
	{after, object{"type": "Sequence", "processors": []any{templateOf(textItem), templateOf(textItem)}}, `post_processor.processors[1].type: found a second template, expected one at most`},
	{after, templateOf(), "post_processor.single: found the text 0 times, expected once"},
	{after, templateOf(textItem, textItem), "post_processor.single: found the text 2 times, expected once"},
	{after, templateOf(templateItem("Sequence", "B")), `post_processor.single[0].Sequence.id: found "B", expected "A" in the template of a single text`},
	{after, templateOf(textItem, templateItem("SpecialToken", "Z")), `post_processor.special_tokens["Z"]: found null, expected the ids of a token that the template names`},
	{after, templateOf(textItem, templateItem("SpecialToken", "U")), `post_processor.special_tokens["U"].ids[0]: found "9999", expected the id of a token`},
	{after, templateOf(textItem, templateItem("SpecialToken", "M"), templateItem("SpecialToken", "M")), "post_processor.single: found 100 special tokens, expected at most 64"},
	{after, templateOf(textItem, templateItem("Other", "X")), `post_processor.single[1]: found "Other", expected only SpecialToken`},
	{after, templateOf(textItem, "X"), `post_processor.single[1]: found "X", expected an object`},
	{path("post_processor"), object{"type": "TemplateProcessing", "single": 1}, `post_processor.single: found "1", expected a list`},
}

func TestMalformed(t *testing.T) {
	for _, c := range malformed {
		doc := document(t, "dolma2-tiny")
		edit(doc, c.path, c.value)
		refused(t, fmt.Sprint(c.path, " = ", c.value), c.want, parseError(encode(t, doc)))
	}
	for in, want := range map[string]string{
		"":                                  "byte 0: found the end of the document, expected an object",
		"[]":                                "byte 0: found an array, expected an object",
		"{}":                                "pre_tokenizer: found 0 stages, expected ByteLevel, or Split and ByteLevel",
		`{"a":1`:                            "byte 6: found the end of the document, expected ',' or '}'",
		"{\"\xff\":":                        "byte 2: found invalid UTF-8 (byte 0xff), expected UTF-8 text",
		`{"version":"1.0","version":"1.0"}`: `byte 17: found key "version" a second time, expected each key once`,
	} {
		refused(t, in, want, parseError([]byte(in)))
	}
	refused(t, "a large file", "found 67108865 bytes, expected at most 67108864", parseError(make([]byte, maxFile+1)))
}

func TestMalformedAdded(t *testing.T) {
	v := newVocabulary("f.json", 0)
	refused(t, "many", "added tokens: found 65537, expected at most 65536", v.matchers(&Tokenizer{}, make([]addedToken, 65537), nil))
	angstrom := []addedToken{{text: "\u212b", id: 4}, {text: "Å", id: 3}, {text: "x", id: 5}}
	if err := v.matchers(&Tokenizer{}, nil, angstrom); err != nil {
		t.Error(err)
	}
	refused(t, "the same normalised", `added tokens: found "Å" for ids 3 and 4, expected each text once`, v.matchers(&Tokenizer{nfc: true}, nil, angstrom))
}

func parseError(data []byte) error {
	_, err := ParseJSON(data, "f.json")
	return err
}

// refused wants an *Error that begins with a message.
func refused(t *testing.T, what, want string, err error) {
	t.Helper()
	var e *formats.Error
	switch text := fmt.Sprint(err); {
	case !errors.As(err, &e):
		t.Errorf("%s: got %v, want an *Error", what, err)
	case !strings.HasPrefix(strings.TrimPrefix(text, e.File+": "), want):
		t.Errorf("%s:\n got %s\nwant %s: %s", what, text, e.File, want)
	case strings.ContainsAny(text, "\n\x1b") || len(text) > 1000:
		t.Errorf("%s: unprintable message %q", what, text)
	}
}
