package inspect

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

func TestTokenizer(t *testing.T) {
	want := &Tokenizer{From: "tokenizer.json", IDs: 534, Rows: 576, PaddedRows: 42, Special: []SpecialID{
		{"eos", "config", []int64{513}},
		{"pad", "config", []int64{533}},
		{"eos", "generation_config.json", []int64{513}},
		{"pad", "generation_config.json", []int64{533}},
		{"bos", "tokenizer_config.json", []int64{513}},
		{"eos", "tokenizer_config.json", []int64{513}},
		{"pad", "tokenizer_config.json", []int64{533}},
	}}
	if d := cmp.Diff(want, source(t, filepath.Join(data, "models/olmo2-gqa")).Tokenizer); d != "" {
		t.Error(d)
	}
	want = &Tokenizer{From: "gguf", IDs: 534, Rows: 576, PaddedRows: 42, Special: []SpecialID{
		{"bos", "gguf", []int64{513}}, {"eos", "gguf", []int64{513}}, {"pad", "gguf", []int64{533}},
	}}
	if d := cmp.Diff(want, source(t, filepath.Join(data, "layouts/olmo2-mha/olmo2-mha-bf16.gguf")).Tokenizer); d != "" {
		t.Error(d)
	}
}

// What does not fit is named, with the place that says so.
func TestTokenFindings(t *testing.T) {
	for _, c := range []struct {
		file, from, to string
		code, where    string
		severity       formats.Severity
	}{
		{"config.json", `"eos_token_id": 513`, `"eos_token_id": 576`, "special-id-outside", "config", formats.Serious},
		{"config.json", `"eos_token_id": 513`, `"eos_token_id": 540`, "special-id-padding", "config", formats.Warning},
		{"generation_config.json", `"pad_token_id": 533`, `"pad_token_id": 1`, "special-ids-differ", "generation_config.json", formats.Warning},
		{"generation_config.json", `"pad_token_id": 533`, `"pad_token_id": "x"`, "tokenizer-unreadable", "", formats.Warning},
		{"tokenizer.json", `{"id":533`, `{"id":600`, "token-outside", "tokenizer.json", formats.Serious},
		{"tokenizer.json", `{"id":533`, `{"id":533,`, "tokenizer-unreadable", "", formats.Warning},
		{"tokenizer_config.json", `"eos_token": "<|endoftext|>"`, `"eos_token": {"content": "<|pad|>"}`, "special-ids-differ", "tokenizer_config.json", formats.Warning},
	} {
		dir := copyModel(t, "olmo2-gqa")
		edit(t, filepath.Join(dir, c.file), c.from, c.to)
		var got []formats.Finding
		for _, f := range source(t, dir).Findings {
			if f.Code == c.code {
				got = append(got, f)
			}
		}
		if len(got) == 0 || c.where != "" && got[0].Where != c.where || got[0].Severity != c.severity {
			t.Errorf("%s with %s: found %v, want %s in %s", c.file, c.to, got, c.code, c.where)
		}
	}
	// A list that has the id, too, is no contradiction: chats end at two tokens.
	dir := copyModel(t, "olmo2-gqa")
	edit(t, filepath.Join(dir, "generation_config.json"), `"eos_token_id": 513`, `"eos_token_id": [520, 513]`)
	if r := source(t, dir); len(r.Findings) != 0 {
		t.Errorf("found %v", r.Findings)
	}
}
