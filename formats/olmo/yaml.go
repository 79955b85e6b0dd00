package olmo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/internal/ordjson"
)

const (
	// maxYAML bounds a config.yaml in bytes; a real one, with the names of all
	// data files, has some hundred kilobytes.
	maxYAML = 4 << 20
	// maxYAMLMarks bounds the characters in it that can begin a value, and so
	// the memory that parsing it takes.
	maxYAMLMarks = 1 << 18
)

// yamlMember returns the mapping that a YAML document has under a key, as an
// object like those that ordjson reads: integers and floats are json.Number,
// whatever their spelling. Only plain values stand in it: what is nested is an
// empty object or list, and an alias, a merge key or a tag that YAML does not
// define is refused. Nothing else of the document is looked at.
func yamlMember(data []byte, key string) (*ordjson.Object, error) {
	if len(data) > maxYAML {
		return nil, fmt.Errorf("found %d bytes, expected at most %d", len(data), maxYAML)
	}
	marks := 0
	for _, s := range []string{"\n", "\r", "- ", ":", "?", ",", "[", "{", "&", "*", "!"} {
		marks += bytes.Count(data, []byte(s))
	}
	if marks > maxYAMLMarks {
		return nil, fmt.Errorf("found more than %d values, expected a config of fewer", maxYAMLMarks)
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return nil, fmt.Errorf("found YAML that cannot be read: %s", oneLine(err.Error()))
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		root = doc.Content[0]
	}
	var found *yaml.Node
	if root.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value != key {
				continue
			}
			if found != nil {
				return nil, fmt.Errorf("line %d: found the key %q a second time, expected each key once", root.Content[i].Line, key)
			}
			found = root.Content[i+1]
		}
	}
	if found == nil || found.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("found no mapping %q, expected the trainer's config", key)
	}
	o := new(ordjson.Object)
	for i := 0; i+1 < len(found.Content); i += 2 {
		k := found.Content[i]
		if k.Kind != yaml.ScalarNode || k.Tag != "!!str" {
			return nil, fmt.Errorf("%s: line %d: found a key %.80q, expected a name", key, k.Line, k.Value)
		}
		if _, ok := o.Get(k.Value); ok {
			return nil, fmt.Errorf("%s: line %d: found the key %.80q a second time, expected each key once", key, k.Line, k.Value)
		}
		v, err := yamlValue(found.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s.%s: line %d: %w", key, oneLine(k.Value), k.Line, err)
		}
		o.Set(k.Value, v)
	}
	return o, nil
}

func yamlValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		return new(ordjson.Object), nil
	case yaml.SequenceNode:
		return []any{}, nil
	case yaml.AliasNode:
		return nil, fmt.Errorf("found the alias %.80q, expected a value", n.Value)
	}
	// Digits may be grouped with underscores.
	text := strings.ReplaceAll(n.Value, "_", "")
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strconv.ParseBool(strings.ToLower(n.Value))
	case "!!int":
		if i, err := strconv.ParseInt(text, 0, 64); err == nil {
			return json.Number(strconv.FormatInt(i, 10)), nil
		}
		return nil, fmt.Errorf("found %.80q, expected an integer of 64 bits", n.Value)
	case "!!float":
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x-x != 0 {
			return nil, fmt.Errorf("found %.80q, expected a finite number of float64's range", n.Value)
		}
		return json.Number(strconv.FormatFloat(x, 'g', -1, 64)), nil
	case "!!str":
		return n.Value, nil
	}
	return nil, fmt.Errorf("found the tag %.80q, expected a plain value", n.Tag)
}

// oneLine makes a text that may come from a file fit for one line of a message.
func oneLine(s string) string {
	q := strconv.Quote(strings.Join(strings.Fields(s), " "))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// yamlWriter writes lines as PyYAML does.
type yamlWriter struct{ out []byte }

// line writes a key and its value: nil, a bool, an int64, a float64 or a plain
// word. A key that begins a mapping is written with no value.
func (y *yamlWriter) line(key string, value any) {
	y.out = append(y.out, key+":"...)
	switch v := value.(type) {
	case nil:
		if strings.HasPrefix(key, " ") {
			y.out = append(y.out, " null"...)
		}
	case float64:
		// YAML 1.1 takes an exponent for one only behind a point.
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if m, e, ok := strings.Cut(s, "e"); ok && !strings.Contains(m, ".") {
			s = m + ".0e" + e
		} else if !ok && !strings.Contains(s, ".") {
			s += ".0"
		}
		y.out = append(y.out, " "+s...)
	default:
		y.out = fmt.Appendf(y.out, " %v", v)
	}
	y.out = append(y.out, '\n')
}
