package weights

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats/olmo"
)

// What tells a generator something is noted, and refuses nothing.
func TestGenerators(t *testing.T) {
	for name, c := range map[string]struct {
		file, old, new string
		note           string
	}{
		"nothing":           {"config.json", "", "", ""},
		"no eos":            {"config.json", `"eos_token_id": 513`, `"eos_token_id": null`, "eos_token_id: 513 and none"},
		"a bos":             {"config.json", `"eos_token_id"`, `"bos_token_id": 4, "eos_token_id"`, "bos_token_id: none and 4"},
		"the context":       {"config.json", `"max_position_embeddings": 4096`, `"max_position_embeddings": 2048`, "max_position_embeddings: 4096 and 2048"},
		"eos of generation": {"generation_config.json", `"eos_token_id": 513`, `"eos_token_id": 7, "top_k": 5`, "generation_config.json: eos_token_id: 513 and 7; top_k: none and 5"},
		"version":           {"generation_config.json", `4.57.6`, `5.0.0`, ""},
		"not JSON":          {"generation_config.json", `{`, `[`, "generation_config.json is not compared: CAND's cannot be read: "},
		"a token more":      {"tokenizer_config.json", `{`, `{"add_bos_token": true,`, "tokenizer_config.json: add_bos_token: none and true"},
		"eos of tokenizer":  {"tokenizer_config.json", `"eos_token": "<|endoftext|>"`, `"eos_token": "!"`, `tokenizer_config.json: eos_token: "<|endoftext|>" and "!"`},
		"a token as object": {"tokenizer_config.json", `"eos_token": "<|endoftext|>"`, `"eos_token": {"content": "<|endoftext|>"}`, ""},
		"a chat template":   {"tokenizer_config.json", `message['role'] + '|>`, `message['role'] + '/>`, `tokenizer_config.json: chat_template: …sage['role'] + '|>`},
		"what no one reads": {"tokenizer_config.json", `{`, `{"x": 1,`, ""},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(mha)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.file)
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), c.old) {
			t.Fatalf("%s: no %q in %s, %v", name, c.old, c.file, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		ref, cand := open(t, mha), open(t, dir)
		r := compare(t, ref, cand)
		if got := strings.Join(r.Notes, "\n"); !r.Equal || (c.note == "") != (got == "") || !strings.HasPrefix(got, c.note) {
			t.Errorf("%s: notes %q, want %q; tokenizer %q", name, got, c.note, r.Tokenizer)
		}
		b, err := Besides(ref, cand)
		if err != nil || !slices.Equal(b.Notes, r.Notes) {
			t.Errorf("%s, besides: %q, %v", name, b.Notes, err)
		}
	}
	// Both have one, and another: that was never the same.
	ref := open(t, mha)
	other := *ref.Config
	other.EOSTokenID = []int64{4}
	if r := compare(t, ref, &olmo.Model{Config: &other, Tensors: ref.Tensors, Source: ref.Source}); r.Equal || !begin(r.Tokenizer, []string{"eos_token_id: 513 and 4"}) {
		t.Errorf("another eos: %q, %q", r.Tokenizer, r.Notes)
	}
}
