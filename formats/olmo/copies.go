package olmo

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"olmotool/formats"
)

// tokenizerFiles are the files that make up a tokenizer of transformers.
var tokenizerFiles = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
}

const templatesDir = "additional_chat_templates"

// copyBeside adds the tokenizer files of the source, or of the directory asked
// for, which must have some.
func (p *Plan) copyBeside(m *Model, o PlanOptions) error {
	from := m.Source.Beside
	if o.Tokenizer.Dir != "" {
		from = o.Tokenizer
	}
	names := slices.Clone(tokenizerFiles)
	templates, err := from.ListDir(templatesDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, n := range templates {
		if path.Ext(n) == ".jinja" {
			names = append(names, path.Join(templatesDir, n))
		}
	}
	found := false
	for _, n := range names {
		if !from.Has(n) {
			continue
		}
		b, err := from.Read(n)
		if err != nil {
			return err
		}
		found = true
		p.Files = append(p.Files, literal(n, b))
	}
	if !found && o.Tokenizer.Dir != "" {
		return formats.Errorf(from.Dir, "", "found no files of a tokenizer, expected tokenizer.json")
	}
	return nil
}
