package recipe

import (
	"strings"
	"testing"
)

func TestCard(t *testing.T) {
	text := "# ```\nmerge_method: slerp\nbase_model: org/base@main\nmodels: [{model: local`1}]\nparameters: {t: 0.5}\n\n"
	f, err := Parse([]byte(text), "r.yml")
	if err != nil {
		t.Fatal(err)
	}
	got := string(f.Card("name", func(r Ref) bool { return strings.HasPrefix(r.Name, "org/") }))
	want := "---\nbase_model:\n- org/base\nlibrary_name: transformers\ntags:\n- merge\n---\n# name\n\n" +
		"Language models, merged by olmotool after a recipe in the format of [mergekit](https://github.com/arcee-ai/mergekit).\n\n" +
		"## Method\n\n`slerp`: " + f.Method.Doc + "\n\n## Models\n\n" +
		"- [org/base@main](https://huggingface.co/org/base) (base)\n- `local'1`\n\n" +
		"## Recipe\n\n````yaml\n" + strings.TrimRight(text, "\n") + "\n````\n"
	if got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}
