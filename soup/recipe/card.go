package recipe

import (
	"bytes"
	"fmt"
	"strings"
)

// Card returns a model card for a result of this name: a README.md like those of
// mergekit, with what the hub reads at its head. hub says of a model whether it is
// one of the hub's.
func (f *File) Card(name string, hub func(Ref) bool) []byte {
	var b bytes.Buffer
	all := f.Models
	if f.usesBase() {
		all = append([]Ref{*f.Base}, all...)
	}
	b.WriteString("---\n")
	head := "base_model:\n"
	for _, r := range all {
		if hub(r) {
			fmt.Fprintf(&b, "%s- %s\n", head, r.Name)
			head = ""
		}
	}
	fmt.Fprintf(&b, "library_name: transformers\ntags:\n- merge\n---\n# %s\n\n", name)
	b.WriteString("Language models, merged by olmotool after a recipe in the format of [mergekit](https://github.com/arcee-ai/mergekit).\n\n")
	fmt.Fprintf(&b, "## Method\n\n`%s`: %s\n\n## Models\n\n", f.Method.Name, f.Method.Doc)
	for i, r := range all {
		link := "`" + strings.ReplaceAll(r.String(), "`", "'") + "`"
		if hub(r) {
			link = fmt.Sprintf("[%s](https://huggingface.co/%s)", r, r.Name)
		}
		fmt.Fprintf(&b, "- %s", link)
		if i == 0 && f.usesBase() {
			b.WriteString(" (base)")
		}
		b.WriteByte('\n')
	}
	fence := "```"
	for bytes.Contains(f.Text, []byte(fence)) {
		fence += "`"
	}
	fmt.Fprintf(&b, "\n## Recipe\n\n%syaml\n%s\n%s\n", fence, bytes.TrimRight(f.Text, "\n"), fence)
	return b.Bytes()
}
