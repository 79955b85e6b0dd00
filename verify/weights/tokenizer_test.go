package weights

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
)

// TestTokenizerFiles: what two tokenizer.json say differently, and what they only
// write differently.
func TestTokenizerFiles(t *testing.T) {
	m := open(t, mha)
	text, err := os.ReadFile(filepath.Join(mha, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, old, new string
		want, notes    []string
	}{
		{"nothing", "", "", nil, nil},
		{"white space", `{`, "{ ", nil, nil},
		{"what is said by default", `"dropout":null,"unk_token":null,"continuing_subword_prefix":"",`, ``, nil, nil},
		{"an id", `"!":0,`, `"!":575,`, []string{`vocabulary: 1 of 534 differ, the first: "!" is 0 and 575`}, nil},
		{"a token", `"!":0,`, `"!!!!":0,`, []string{`vocabulary: 2 of 534 differ, the first: "!" is 0 and none`}, nil},
		{"the pattern", `\\p{N}{1,3}`, `\\p{N}`, []string{`pre_tokenizer.pretokenizers[0].pattern.Regex: …`}, nil},
		{"a flag", `"fuse_unk":false`, `"ignore_merges":true`, []string{`model.ignore_merges: none and true`}, nil},
		{"an added token", `"special":true`, `"special":false`, []string{`added tokens: 1 of 22 differ, the first: "<|`}, nil},
		{"truncation", `"truncation":null`, `"truncation":{"max_length":3}`, nil, []string{`truncation: none and {"max_length": 3}`}},
	} {
		if !strings.Contains(string(text), c.old) {
			t.Fatalf("%s: no %q in tokenizer.json", c.name, c.old)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		src := *m.Source
		src.Beside = olmo.Beside{Dir: dir}
		r := compare(t, m, &olmo.Model{Config: m.Config, Tensors: m.Tensors, Source: &src})
		if !begin(r.Tokenizer, c.want) || !begin(r.Notes, c.notes) || r.Equal != (c.want == nil) {
			t.Errorf("%s: %q, notes %q, want %q, %q", c.name, r.Tokenizer, r.Notes, c.want, c.notes)
		}
	}
}

// begin reports whether each line begins as wanted.
func begin(got, want []string) bool {
	return slices.EqualFunc(got, want, strings.HasPrefix)
}

// TestMerges: the two forms of merges are one.
func TestMerges(t *testing.T) {
	m := open(t, mha)
	parse := func(list string) []string {
		o, err := parseTokenizer(m.Source.Beside, []byte(`{"merges": `+list+`}`))
		if err != nil {
			t.Fatal(err)
		}
		return merges(o)
	}
	a := parse(`["a b", "c dd"]`)
	if b := parse(`[["a", "b"], ["c", "dd"]]`); !slices.Equal(a, b) || len(a) != 2 {
		t.Errorf("%q and %q", a, b)
	}
	if d := diffList(a, parse(`["a b", "cd d"]`)); d != `the first that differs is 1: "c dd" and "cd d"` {
		t.Error(d)
	}
	if d := diffList(a, a[:1]); d != "2 and 1" {
		t.Error(d)
	}
	_, err := parseTokenizer(m.Source.Beside, []byte(`{"a": }`))
	if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(mha, "tokenizer.json")+": byte 6: found '}'") {
		t.Error(err)
	}
}

// TestTokenizerRecords: the records of a GGUF against the files that they were
// made of, and against others.
func TestTokenizerRecords(t *testing.T) {
	hf, g := open(t, mha), open(t, testdata+"layouts/olmo2-mha/olmo2-mha-bf16.gguf")
	set := func(key string, value any) *olmo.Model {
		src := *g.Source
		src.KVs = gguf.Set(src.KVs, key, value)
		if value == nil {
			src.KVs = gguf.Delete(g.Source.KVs, key)
		}
		return &olmo.Model{Config: g.Config, Tensors: g.Tensors, Source: &src}
	}
	tokens, _, err := gguf.Lookup[[]string](g.Source.KVs, "tokenizer.ggml.tokens")
	if err != nil {
		t.Fatal(err)
	}
	other := slices.Clone(tokens)
	other[3], other[9] = "x", "y"
	for _, c := range []struct {
		name        string
		cand        *olmo.Model
		want, notes []string
	}{
		{"as made", g, nil, nil},
		{"tokens", set("tokenizer.ggml.tokens", other), []string{`tokenizer.ggml.tokens: 2 of 576 differ, the first at 3: "$" and "x"`}, nil},
		{"fewer", set("tokenizer.ggml.tokens", tokens[:500]), []string{`tokenizer.ggml.tokens: 576 and 500 entries`}, nil},
		{"end", set("tokenizer.ggml.eos_token_id", uint32(4)), []string{`tokenizer.ggml.eos_token_id: 513 and 4`}, nil},
		{"cut otherwise", set("tokenizer.ggml.pre", "gpt-2"), []string{`tokenizer.ggml.pre: "dbrx" and "gpt-2"`}, nil},
		{"a flag more", set("tokenizer.ggml.add_eos_token", true), nil, []string{`tokenizer.ggml.add_eos_token: none and true`}},
		{"an id less", set("tokenizer.ggml.padding_token_id", nil), nil, []string{`tokenizer.ggml.padding_token_id: 533 and none`}},
		{"none", set("tokenizer.ggml.tokens", nil), nil, []string{`tokenizers are not compared: CAND has none`}},
	} {
		for _, ref := range []*olmo.Model{hf, g} {
			r := compare(t, ref, c.cand)
			if !begin(r.Tokenizer, c.want) || !begin(r.Notes, c.notes) || r.Equal != (c.want == nil) {
				t.Errorf("%s, REF %s: %q, notes %q, want %q, %q", c.name, ref.Source.Layout, r.Tokenizer, r.Notes, c.want, c.notes)
			}
		}
	}
	// A way of cutting text that has no name cannot be compared with one.
	text, err := os.ReadFile(filepath.Join(mha, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(strings.Replace(string(text), `\\p{N}{1,3}`, `\\p{N}`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	src := *hf.Source
	src.Beside = olmo.Beside{Dir: dir}
	nameless := &olmo.Model{Config: hf.Config, Tensors: hf.Tensors, Source: &src}
	if r := compare(t, nameless, g); len(r.Notes) == 0 || !strings.HasPrefix(r.Notes[0], `tokenizer.ggml.pre: whether "dbrx" is how the other side's tokenizer.json cuts text is not known`) {
		t.Errorf("no name: %q, %q", r.Tokenizer, r.Notes)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(`{"model": 1}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(t.Context(), nameless, g, Options{}); err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "tokenizer.json")+": model: found ") {
		t.Errorf("no tokenizer: %v", err)
	}
	if r := compare(t, g, hf); len(r.Tokenizer)+len(r.Notes) > 0 {
		t.Errorf("the other way: %q, %q", r.Tokenizer, r.Notes)
	}
}
