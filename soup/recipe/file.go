package recipe

import (
	"io"
	"math/big"
	"slices"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/soup"
)

// File is a recipe as it is written, checked as far as it can be without the
// models.
type File struct {
	Path   string // for messages
	Text   []byte // every byte of it
	Name   string // of the result; empty if there is none
	Method *soup.Method
	// Models are what is merged, in order. A base of a method that works on
	// differences is not among them.
	Models []Ref
	Base   *Ref // base_model, or nil
	// DType is the element type of the result, out_dtype or else dtype; invalid if
	// neither is said.
	DType formats.DType
	// Tokenizer is the model whose tokenizer the result gets; nil: that of the base if there is one, else of the first.
	Tokenizer *Ref
	// ChatTemplate is a template in Jinja; empty: the tokenizer's own.
	ChatTemplate string
	// Findings tell of what is passed over.
	Findings []formats.Finding

	slices []slice
	global settings
}

// usesBase reports whether the method works on differences from the base.
func (f *File) usesBase() bool { return f.Method.Base != soup.NoBase && f.Base != nil }

// slice is a range of layers with settings of its own.
type slice struct {
	at       *yaml.Node
	lo, hi   int // hi -1: all layers
	params   settings
	perModel []settings // of each of File.Models
}

// Read reads the recipe in a file.
func Read(path string) (*File, error) {
	f, _, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return Parse(data, path)
}

// Parse reads a recipe. Errors are of type *formats.Error and name the line and
// the column; file stands for the file's name in them.
func Parse(data []byte, file string) (*File, error) {
	p := &parser{file: file}
	root, err := p.load(data)
	if err != nil {
		return nil, err
	}
	f := &File{Path: file, Text: data}
	if err := p.top(root, f); err != nil {
		return nil, err
	}
	f.Findings = p.findings
	return f, nil
}

// top reads the keys at the top.
func (p *parser) top(root *yaml.Node, f *File) error {
	var (
		models, cuts, params *yaml.Node
		dtype, outDType      formats.DType
		tokenizer            *yaml.Node
		stray                []field
	)
	keep := func(to **yaml.Node) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			*to = n
			return nil
		}
	}
	keys := []key{
		{"merge_method", func(n *yaml.Node) (err error) {
			f.Method, err = p.method(n)
			return err
		}},
		{"models", keep(&models)},
		{"slices", keep(&cuts)},
		{"modules", p.refuse("modules, which are for models of several parts, expected models or slices")},
		{"base_model", func(n *yaml.Node) error {
			r, err := p.ref(n)
			f.Base = &r
			return err
		}},
		{"parameters", keep(&params)},
		{"dtype", func(n *yaml.Node) (err error) {
			dtype, err = p.dtype(n)
			return err
		}},
		{"out_dtype", func(n *yaml.Node) (err error) {
			outDType, err = p.dtype(n)
			return err
		}},
		{"tokenizer_source", keep(&tokenizer)},
		{"tokenizer", func(n *yaml.Node) error {
			if tokenizer != nil {
				return p.errorf(n, "found both tokenizer and tokenizer_source, expected one of them")
			}
			var err error
			tokenizer, err = p.tokenizerSource(n)
			return err
		}},
		{"chat_template", func(n *yaml.Node) (err error) {
			f.ChatTemplate, err = p.chatTemplate(n)
			return err
		}},
		{"name", func(n *yaml.Node) (err error) {
			f.Name, err = p.text(n, "a name")
			return err
		}},
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	err := p.object(root, "a recipe", keys, func(x field) error {
		if !isParam(x.name) {
			return p.unknown(x, "a recipe", names)
		}
		stray = append(stray, x)
		return nil
	})
	switch {
	case err != nil:
		return err
	case f.Method == nil:
		return p.errorf(root, "found no key merge_method, expected one of %s", oneOf(methodNames()))
	case (models == nil) == (cuts == nil):
		return p.errorf(root, "found %s, expected one of models and slices", map[bool]string{true: "neither models nor slices", false: "both models and slices"}[models == nil])
	}
	if f.DType = outDType; !f.DType.Valid() {
		f.DType = dtype
	}
	if params != nil {
		if f.global, err = p.settings(params, f.Method, false); err != nil {
			return err
		}
	}
	if models != nil {
		err = p.models(models, f)
	} else {
		err = p.slices(cuts, f)
	}
	if err != nil {
		return err
	}
	if err := p.stray(stray, f); err != nil {
		return err
	}
	return p.tokenizerOf(tokenizer, f)
}

// stray looks at parameters that stand at the top rather than below parameters,
// where mergekit does not see them. One that says what holds anyway is told and
// passed over: a recipe of a release has one.
func (p *parser) stray(fs []field, f *File) error {
	for _, x := range fs {
		i := slices.IndexFunc(f.Method.Params, func(q soup.Param) bool { return q.Name == x.name })
		if i >= 0 && !f.Method.Params[i].PerModel && f.global[x.name] == nil {
			q := f.Method.Params[i]
			rules, err := p.rules(x.node, q.Bool)
			if err != nil {
				return err
			}
			if len(rules[0].values) == 1 && rules[0].filter == "" && rules[0].values[0].Cmp(new(big.Rat).SetFloat64(q.Default)) == 0 && !q.Required {
				p.note(x.key, "misplaced-setting", "%s stands at the top, where mergekit does not see it, expected it below parameters; it says what holds anyway", x.name)
				continue
			}
		}
		return p.errorf(x.key, "found the parameter %s at the top, expected it below parameters", x.name)
	}
	return nil
}
