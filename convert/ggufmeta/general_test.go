package ggufmeta

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// TestGeneral compares the records, and the default file name, with those of the
// official converter. Where that stops with an error, one of our two functions
// must have one.
func TestGeneral(t *testing.T) {
	for i, c := range readGolden(t, "general.json").([]any) {
		c := object(c)
		text := encode(t, c)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := "plain"
			if v, ok := c.Get("dir"); ok {
				dir = v.(string)
			}
			files := memory{}
			for member, name := range map[string]string{"card": "README.md", "generation_text": "generation_config.json"} {
				if v, ok := c.Get(member); ok {
					files[name] = []byte(v.(string))
				}
			}
			var o Options
			if v, ok := c.Get("parameters"); ok {
				o.Parameters, _ = ordjson.Int(v)
			}
			if v, ok := c.Get("model_name"); ok {
				o.ModelName = v.(string)
			}
			if v, ok := c.Get("override"); ok {
				o.Metadata = encode(t, v)
			}
			src := files.source(dir, object(member(c, "config")))
			got, err := General(src, o, "olmo2")
			name, nameErr := FileName(src, o, "bf16")
			want, ok := c.Get("want")
			if !ok || strings.Contains(string(text), "[[a]]") { // an array of arrays, which llama.cpp cannot read
				var place *formats.Error
				if err = errors.Join(err, nameErr); !errors.As(err, &place) {
					t.Errorf("%.300s: got %v, want an error as %v", text, err, member(c, "error"))
				}
				return
			}
			if err != nil || nameErr != nil {
				t.Fatalf("%.300s: %v, %v", text, err, nameErr)
			}
			var records []gguf.KV
			for _, r := range member(object(want), "records").([]any) {
				records = append(records, wanted(t, r, nil))
			}
			compare(t, got, records)
			wantName := member(object(want), "file").(string)
			if wantName = strings.NewReplacer("/", "-", `\`, "-").Replace(wantName); name != wantName {
				t.Errorf("file name: got %q, want %q", name, wantName)
			}
			if t.Failed() {
				t.Logf("case %.600s", text)
			}
		})
	}
}
