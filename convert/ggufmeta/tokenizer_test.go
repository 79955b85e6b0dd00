package ggufmeta

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

const fixtures = "../../testdata/tokenizers/"

// fixture returns the files of a tiny tokenizer.
func fixture(t testing.TB, name string) memory {
	t.Helper()
	files := memory{}
	for _, file := range []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"} {
		files[file] = readFile(t, filepath.Join(fixtures, name, file))
	}
	return files
}

// edit does what edit does in testdata/make.py.
func edit(t testing.TB, at any, steps []any, v any) any {
	t.Helper()
	switch at := at.(type) {
	case *ordjson.Object:
		key := steps[0].(string)
		switch {
		case len(steps) > 1:
			at.Set(key, edit(t, member(at, key), steps[1:], v))
		case v == nil:
			at.Delete(key)
		default:
			at.Set(key, v)
		}
		return at
	case []any:
		if steps[0] == "+" {
			return append(at, v)
		}
		i, err := ordjson.Int(steps[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) == 1 {
			at[i] = v
		} else {
			at[i] = edit(t, at[i], steps[1:], v)
		}
		return at
	}
	t.Fatalf("no way to %v", steps)
	return nil
}

// caseFiles builds the directory of a golden case.
func caseFiles(t *testing.T, c *ordjson.Object) (memory, *ordjson.Object) {
	base := member(c, "base").(string)
	files := fixture(t, base)
	tok := object(parse(t, files["tokenizer.json"]))
	model := object(member(tok, "model"))
	if member(c, "merges") == "pairs" {
		merges := member(model, "merges").([]any)
		for i, m := range merges {
			left, right, _ := strings.Cut(m.(string), " ")
			merges[i] = []any{left, right}
		}
	}
	edits, _ := member(c, "edits").([]any)
	for _, e := range edits {
		edit(t, tok, e.([]any)[0].([]any), e.([]any)[1])
	}
	if more, ok := member(c, "more_merges").([]any); ok {
		model.Set("merges", append(member(model, "merges").([]any), more...))
	}
	files["tokenizer.json"] = encode(t, tok)

	config := object(parse(t, files["tokenizer_config.json"]))
	if member(c, "delete_template") == true {
		config.Delete("chat_template")
	}
	update(config, object(member(c, "tokenizer_config")))
	files["tokenizer_config.json"] = encode(t, config)
	if others := object(member(c, "files")); others != nil {
		for i := range others.Len() {
			switch name, v := others.At(i); v := v.(type) {
			case nil:
				delete(files, name)
			case string:
				files[name] = []byte(v)
			default:
				files[name] = encode(t, v)
			}
		}
	}
	hf := new(ordjson.Object)
	hf.Set("model_type", map[string]string{"dolma2-tiny": "olmo2", "olmo1-tiny": "olmo"}[base])
	hf.Set("vocab_size", json.Number("560"))
	update(hf, object(member(c, "config")))
	return files, hf
}

func update(o, with *ordjson.Object) {
	if with != nil {
		for i := range with.Len() {
			o.Set(with.At(i))
		}
	}
}

// TestTokenizer compares all records with those of the official converter, for
// tokenizers, configurations and templates of many kinds.
func TestTokenizer(t *testing.T) {
	first := map[string]map[string]any{}
	for i, c := range readGolden(t, "tokenizers.json").([]any) {
		c := object(c)
		text := encode(t, c)
		files, hf := caseFiles(t, c)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			size := int64(0)
			if v := member(hf, "vocab_size"); v != nil {
				size, _ = ordjson.Int(v)
			}
			got, _, err := Tokenizer(files.source("x", hf), Options{}, int(size))
			want, ok := c.Get("want")
			if !ok {
				var place *formats.Error
				if !errors.As(err, &place) {
					t.Errorf("%.400s: got %v, want an error as %v", text, err, member(c, "error"))
				}
				return
			}
			if err != nil {
				t.Fatalf("%.400s: %v", text, err)
			}
			base := member(c, "base").(string)
			var records []gguf.KV
			for _, r := range want.([]any) {
				records = append(records, wanted(t, r, first[base]))
			}
			if first[base] == nil {
				first[base] = map[string]any{}
				for _, r := range want.([]any) {
					first[base][r.([]any)[0].(string)] = r.([]any)[2]
				}
			}
			compare(t, got, records)
			if t.Failed() {
				t.Logf("case %.700s", text)
			}
		})
	}
}
