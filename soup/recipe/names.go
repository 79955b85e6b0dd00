package recipe

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/soup"
)

// method reads the name of a method.
func (p *parser) method(n *yaml.Node) (*soup.Method, error) {
	name, err := p.text(n, "the name of a method")
	if err != nil {
		return nil, err
	}
	m, err := soup.Find(name)
	if err != nil {
		names := methodNames()
		return nil, p.errorf(n, "found the method %.80q, expected one of %s%s", name, oneOf(names), hint(name, names))
	}
	return m, nil
}

func methodNames() []string {
	var names []string
	for _, m := range soup.Methods() {
		names = append(names, m.Name)
	}
	return names
}

// isParam reports whether any method has a parameter of that name.
func isParam(name string) bool {
	for _, m := range soup.Methods() {
		if slices.ContainsFunc(m.Params, func(q soup.Param) bool { return q.Name == name }) {
			return true
		}
	}
	return false
}

// dtypes are mergekit's names of element types.
var dtypes = map[string]formats.DType{
	"float16": formats.F16, "bfloat16": formats.BF16, "float32": formats.F32, "float64": formats.F64,
}

func (p *parser) dtype(n *yaml.Node) (formats.DType, error) {
	s, err := p.text(n, "an element type")
	if err != nil {
		return 0, err
	}
	d, ok := dtypes[strings.TrimPrefix(s, "torch.")]
	if !ok {
		names := []string{"bfloat16", "float16", "float32", "float64"}
		return 0, p.errorf(n, "found the element type %.80q, expected %s%s", s, oneOf(names), hint(s, names))
	}
	return d, nil
}

// tokenizerSource returns the source in the key tokenizer.
func (p *parser) tokenizerSource(n *yaml.Node) (*yaml.Node, error) {
	var source *yaml.Node
	err := p.object(n, "tokenizer", []key{
		{"source", func(n *yaml.Node) error {
			source = n
			return nil
		}},
		{"tokens", p.refuse("a table of tokens, expected the tokenizer of one of the models")},
		{"pad_to_multiple_of", p.refuse("pad_to_multiple_of: the embedding keeps its size here")},
	}, nil)
	if err == nil && source == nil {
		err = p.errorf(n, "found no source in tokenizer, which is union then: the tokenizer of one of the models is expected")
	}
	return source, err
}

// tokenizerOf reads whose tokenizer the result gets.
func (p *parser) tokenizerOf(n *yaml.Node, f *File) error {
	if n == nil {
		return nil
	}
	if scalar(n) && n.Value == "union" {
		return p.errorf(n, "found a union of tokenizers, expected base or one of the models: their vocabularies have to be the same")
	}
	if scalar(n) && n.Value == "base" {
		if f.Base == nil {
			return p.errorf(n, "found base and no base_model, expected one of them to say whose tokenizer")
		}
		f.Tokenizer = f.Base
		return nil
	}
	r, err := p.ref(n)
	if err != nil {
		return err
	}
	if !slices.Contains(f.Models, r) && (f.Base == nil || *f.Base != r) {
		return p.errorf(n, "found %.80q, which is none of the models, expected one of them or base", r)
	}
	f.Tokenizer = &r
	return nil
}

// builtin are the chat templates that mergekit brings.
var builtin = []string{"alpaca", "chatml", "exaone", "llama3", "mistral"}

// chatTemplate reads a template, or "auto", which is the tokenizer's own: all
// tokenizers are the same.
func (p *parser) chatTemplate(n *yaml.Node) (string, error) {
	s, err := p.text(n, "a chat template")
	switch {
	case err != nil || s == "auto":
		return "", err
	case slices.Contains(builtin, s):
		return "", p.errorf(n, "found the chat template %q of mergekit's own, which is not here, expected its text or auto", s)
	case len(s) < 20 || !strings.Contains(s, "{"):
		return "", p.errorf(n, "found %.80q, expected a chat template in Jinja or auto", s)
	}
	return s, nil
}
