package olmo

import (
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
)

// TestBesideFiles: tokenizer files go along, in every layout that has room.
func TestBesideFiles(t *testing.T) {
	src := copyDir(t, testdata+"models/olmo2-mha")
	put(t, src, "README.md", "no tokenizer file")
	put(t, src, "chat_template.jinja", "{{ x }}")
	put(t, src, "additional_chat_templates/tool.jinja", "{{ y }}")
	put(t, src, "additional_chat_templates/notes.txt", "none")
	names := func(p *Plan) string {
		return strings.Join(slicesOf(p.Files, func(f *formats.FilePlan) string { return f.Name }), " ")
	}
	m := open(t, src, "")
	const tok = "tokenizer.json tokenizer_config.json special_tokens_map.json"
	for _, c := range []struct {
		to   string
		o    PlanOptions
		want string
	}{
		{"hf", PlanOptions{}, "model.safetensors config.json generation_config.json " + tok + " chat_template.jinja additional_chat_templates/tool.jinja"},
		{"hf-bin", PlanOptions{MaxShard: 70_000}, "pytorch_model-00001-of-00004.bin pytorch_model-00002-of-00004.bin pytorch_model-00003-of-00004.bin pytorch_model-00004-of-00004.bin config.json generation_config.json " + tok + " chat_template.jinja additional_chat_templates/tool.jinja pytorch_model.bin.index.json"},
		{"olmo", PlanOptions{}, "model.pt " + tok + " chat_template.jinja additional_chat_templates/tool.jinja config.yaml"},
		{"olmo-core-unsharded", PlanOptions{Tokenizer: Beside{testdata + "tokenizers/olmo1-tiny"}}, "model.pt " + tok + " config.json"},
		{"gguf", PlanOptions{}, "m.gguf"},
	} {
		if got := names(plan(t, m, c.to, c.o)); got != c.want {
			t.Errorf("%s: got %s\nwant %s", c.to, got, c.want)
		}
	}
	out := write(t, plan(t, m, "hf", PlanOptions{Tokenizer: Beside{testdata + "tokenizers/olmo1-tiny"}}))
	equalFiles(t, filepath.Join(out, "tokenizer.json"), testdata+"tokenizers/olmo1-tiny/tokenizer.json")
	equalFiles(t, filepath.Join(out, "generation_config.json"), src+"/generation_config.json")

	// From where there is nothing beside: the tokenizer's, or one made.
	g := open(t, mha+"olmo2-mha-bf16.gguf", "")
	out = write(t, plan(t, g, "hf", PlanOptions{Tokenizer: Beside{testdata + "tokenizers/dolma2-tiny"}}))
	equalFiles(t, filepath.Join(out, "generation_config.json"), testdata+"tokenizers/dolma2-tiny/generation_config.json")
	out = write(t, plan(t, g, "hf", PlanOptions{}))
	if got, want := string(readFile(t, filepath.Join(out, "generation_config.json"))), "{\n  \"eos_token_id\": 513,\n  \"pad_token_id\": 533\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBeside: names do not lead out of the directory.
func TestBeside(t *testing.T) {
	b := Beside{testdata + "models/olmo1"}
	for name, want := range map[string]bool{
		"config.json": true, "../olmo1/config.json": false, "/etc/passwd": false, "": false, "..": false, "none": false, ".": false,
	} {
		_, err := b.Read(name)
		if (err == nil) != want || b.Has(name) != want {
			t.Errorf("%q: got %v, has %t", name, err, b.Has(name))
		}
	}
	if _, err := (Beside{}).Read("config.json"); err == nil || (Beside{}).Has("config.json") {
		t.Error("the zero value has a file")
	}
	if names, err := (Beside{testdata}).ListDir("../testdata"); err == nil {
		t.Errorf("got %v", names)
	}
	if names, err := (Beside{testdata}).ListDir("README.md"); err == nil {
		t.Errorf("got %v", names)
	}
}
