package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
)

const (
	// maxBytes bounds a recipe; most of a long one is a chat template of some
	// kilobytes.
	maxBytes = 1 << 20
	// maxMarks bounds the characters that can begin a value, and so the memory that
	// parsing takes.
	maxMarks = 1 << 16
	// maxNodes bounds the values that are looked at, those behind aliases again each
	// time: a hundred models with some parameters have a thousand.
	maxNodes = 1 << 16
	// maxMerges bounds mappings merged into one another (<<), which may go round in
	// circles.
	maxMerges = 16
	// maxLayer bounds a layer range, as a config does the number of layers.
	maxLayer = 1 << 14
)

// parser reads one recipe.
type parser struct {
	file     string
	nodes    int
	findings []formats.Finding
}

// load parses the YAML of a recipe.
func (p *parser) load(data []byte) (*yaml.Node, error) {
	if len(data) > maxBytes {
		return nil, formats.Errorf(p.file, "", "found more than %d bytes, expected a recipe of fewer", maxBytes)
	}
	marks := 0
	for _, s := range []string{"\n", "\r", "- ", ":", "?", ",", "[", "{", "&", "*", "!"} {
		marks += bytes.Count(data, []byte(s))
	}
	if marks > maxMarks {
		return nil, formats.Errorf(p.file, "", "found more than %d values, expected a recipe of fewer", maxMarks)
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		at, msg := "", err.Error()
		if le := (*yaml.LoadError)(nil); errors.As(err, &le) {
			msg = le.Message
			if le.Mark.Line > 0 {
				at = fmt.Sprintf("line %d, column %d", le.Mark.Line, le.Mark.Column)
			}
		}
		return nil, formats.Errorf(p.file, at, "found YAML that cannot be read (%s), expected a recipe", oneLine(strings.TrimPrefix(msg, "yaml: ")))
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, formats.Errorf(p.file, "", "found no YAML document, expected a recipe")
	}
	return doc.Content[0], nil
}

// errorf is an error at a place of the recipe.
func (p *parser) errorf(n *yaml.Node, format string, args ...any) error {
	return formats.Errorf(p.file, place(n), format, args...)
}

func place(n *yaml.Node) string { return fmt.Sprintf("line %d, column %d", n.Line, n.Column) }

// note tells of something that is passed over.
func (p *parser) note(n *yaml.Node, code, format string, args ...any) {
	p.findings = append(p.findings, formats.Finding{
		Severity: formats.Warning, Code: code, Where: p.file + ": " + place(n), Message: fmt.Sprintf(format, args...),
	})
}

// resolve returns what an alias stands for, and counts what is looked at.
func (p *parser) resolve(n *yaml.Node) (*yaml.Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.errorf(n, "found more than %d values, those behind aliases counted each time, expected a recipe of fewer", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias, nil // never another alias
	}
	return n, nil
}

// field is a key of a mapping and what is below it.
type field struct {
	name string
	key  *yaml.Node
	node *yaml.Node
}

// fields returns the fields of a mapping, in order, those merged into it last.
func (p *parser) fields(n *yaml.Node, what string) ([]field, error) { return p.merged(n, what, 0) }

func (p *parser) merged(n *yaml.Node, what string, depth int) ([]field, error) {
	n, err := p.resolve(n)
	if err != nil {
		return nil, err
	}
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "found %s, expected %s: keys and values", p.describe(n), what)
	}
	if depth > maxMerges {
		return nil, p.errorf(n, "found mappings merged %d deep, expected at most %d", depth, maxMerges)
	}
	var own, more []field
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			return nil, p.errorf(k, "found %s as a key, expected a name", p.describe(k))
		}
		if seen[k.Value] {
			return nil, p.errorf(k, "found the key %.80q a second time, expected each key once", k.Value)
		}
		seen[k.Value] = true
		v, err := p.resolve(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if k.Value != "<<" {
			own = append(own, field{k.Value, k, v})
			continue
		}
		from := []*yaml.Node{v}
		if v.Kind == yaml.SequenceNode {
			from = v.Content
		}
		for _, m := range from {
			fs, err := p.merged(m, "a mapping to merge", depth+1)
			if err != nil {
				return nil, err
			}
			more = append(more, fs...)
		}
	}
	for _, f := range more { // what comes first counts
		if !slices.ContainsFunc(own, func(o field) bool { return o.name == f.name }) {
			own = append(own, f)
		}
	}
	return own, nil
}

// list returns the members of a list.
func (p *parser) list(n *yaml.Node, what string) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, p.errorf(n, "found %s, expected a list of %s", p.describe(n), what)
	}
	if len(n.Content) == 0 {
		return nil, p.errorf(n, "found an empty list, expected %s", what)
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		var err error
		if out[i], err = p.resolve(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// oneLine makes a text that may come from the recipe fit for one line.
func oneLine(s string) string {
	q := strconv.Quote(strings.Join(strings.Fields(s), " "))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
