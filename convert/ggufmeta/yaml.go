package ggufmeta

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// opaque stands for a YAML value that no metadata field can use: a date, bytes,
// a set. The string names its kind for messages.
type opaque string

// yamlReader turns nodes into the values that package ordjson uses, by the
// rules of YAML 1.1, because the official converter reads cards by them: yes is
// true, 010 is 8, 1:30 is 90, 2024-11-26 is a date, 1e3 is text. Integers
// become json.Number, other numbers float64.
//
// Each node is turned once, however many aliases point to it, so the result of
// an "alias bomb" is as small as its text. Members whose key is not a string
// are dropped: nothing looks for them.
type yamlReader struct {
	file   string
	done   map[*yaml.Node]any
	merged int // members copied by merge keys
}

func (c *yamlReader) value(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) != 1 {
			return nil, nil
		}
		return c.value(n.Content[0])
	case yaml.AliasNode:
		return c.value(n.Alias)
	}
	if v, ok := c.done[n]; ok {
		return v, nil
	}
	c.done[n] = opaque("a value that contains itself")
	v, err := c.construct(n)
	c.done[n] = v
	return v, err
}

func (c *yamlReader) construct(n *yaml.Node) (any, error) {
	tag := ""
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!" {
		tag = n.ShortTag()
	}
	switch {
	case tag == "!!set" && n.Kind == yaml.MappingNode:
		return opaque("a set"), nil
	case (tag == "!!omap" || tag == "!!pairs") && n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i := range list {
			list[i] = opaque("a pair")
		}
		return list, nil
	case n.Kind == yaml.ScalarNode:
		return c.scalar(n, tag)
	case n.Kind == yaml.SequenceNode && (tag == "" || tag == "!!seq"):
		return c.sequence(n)
	case n.Kind == yaml.MappingNode && (tag == "" || tag == "!!map"):
		return c.mapping(n)
	}
	return nil, c.fail(n, fmt.Sprintf("tag %q", tag), "a tag of YAML 1.1 that fits the value")
}

func (c *yamlReader) scalar(n *yaml.Node, tag string) (any, error) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if tag == "" {
		if n.Style&quoted != 0 {
			return n.Value, nil
		}
		tag = implicitTag(n.Value)
	}
	var v any
	ok := true
	switch tag {
	case "!!str":
		v = n.Value
	case "!!null":
	case "!!bool":
		v, ok = yamlBools[strings.ToLower(n.Value)]
	case "!!int":
		v, ok = yamlInt(n.Value)
	case "!!float":
		v, ok = yamlFloat(n.Value)
	case "!!timestamp":
		v = opaque("a date")
	case "!!binary":
		v = opaque("bytes")
	default:
		return nil, c.fail(n, fmt.Sprintf("tag %q", tag), "a tag of YAML 1.1 that fits the value")
	}
	if !ok {
		return nil, c.fail(n, fmt.Sprintf("%s with tag %q", quote(n.Value), tag), "a value that fits the tag")
	}
	return v, nil
}

func (c *yamlReader) sequence(n *yaml.Node) (any, error) {
	list := make([]any, len(n.Content))
	for i, item := range n.Content {
		var err error
		if list[i], err = c.value(item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// mapping lets a later member win over an earlier one of the same key, and any
// member over what merge keys bring.
func (c *yamlReader) mapping(n *yaml.Node) (any, error) {
	o := new(ordjson.Object)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			if err := c.merge(o, n.Content[i+1]); err != nil {
				return nil, err
			}
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode := n.Content[i]
		if isMerge(keyNode) {
			continue
		}
		key, isString := any("="), true
		if keyNode.Value != "=" || keyNode.Kind != yaml.ScalarNode {
			var err error
			if key, err = c.value(keyNode); err != nil {
				return nil, err
			}
			switch key.(type) {
			case []any, *ordjson.Object:
				return nil, c.fail(keyNode, describe(key)+" as a key", "a string")
			}
			_, isString = key.(string)
		}
		v, err := c.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if isString {
			o.Set(key.(string), v)
		}
	}
	return o, nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Style == 0 && key.Value == "<<"
}

// merge copies into o the members of a mapping, or of a list of mappings, of
// which the first wins.
func (c *yamlReader) merge(o *ordjson.Object, n *yaml.Node) error {
	v, err := c.value(n)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for i := len(list) - 1; i >= 0; i-- {
		from, ok := list[i].(*ordjson.Object)
		if !ok {
			return c.fail(n, describe(list[i])+" behind <<", "a mapping")
		}
		if c.merged += from.Len() + 1; c.merged > maxMerged {
			return c.fail(n, fmt.Sprintf("merge keys that copy more than %d members", maxMerged), "at most that many")
		}
		for j := range from.Len() {
			o.Set(from.At(j))
		}
	}
	return nil
}

func (c *yamlReader) fail(n *yaml.Node, found, expected string) error {
	// The front matter starts in line 2 of the card.
	return formats.Errorf(c.file, fmt.Sprintf("line %d", n.Line+1), "found %s, expected %s", found, expected)
}
