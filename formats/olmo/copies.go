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

// TokenizerFiles returns the names of the files that make up a tokenizer of
// transformers; none has them all.
func TokenizerFiles() []string { return slices.Clone(tokenizerFiles) }

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

// planDir is a directory of one file of weights, the tokenizer files and a
// config. The trainers write the config last, so that its presence says that the
// save was complete.
func (m *Model) planDir(o PlanOptions, weights *formats.FilePlan, ts []formats.Tensor, ss []stored, config *formats.FilePlan) (*Plan, error) {
	p := &Plan{Dir: true, Tensors: ts, Files: []*formats.FilePlan{weights}}
	attribute(p.Files, ss)
	if err := p.copyBeside(m, o); err != nil {
		return nil, err
	}
	p.Files = append(p.Files, config)
	return p, nil
}
