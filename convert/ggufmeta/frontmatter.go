package ggufmeta

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// frontMatter returns the mapping at the top of a model card: what stands in
// YAML between a first line "---" and the next. A card without one, or with
// something that is no mapping there, has none: the result is nil.
func frontMatter(file string, card []byte) (*ordjson.Object, error) {
	text, err := cardYAML(file, string(card))
	if err != nil || text == "" {
		return nil, err
	}
	loader, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var document, more yaml.Node
	switch err := loader.Load(&document); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, yamlError(file, err)
	}
	if err := loader.Load(&more); err != io.EOF {
		return nil, formats.Errorf(file, "front matter", "found more than one YAML document, expected one, between two lines ---")
	}
	c := yamlReader{file: file, done: map[*yaml.Node]any{}}
	value, err := c.value(&document)
	if err != nil {
		return nil, err
	}
	mapping, _ := value.(*ordjson.Object)
	return mapping, nil
}

// yamlError gives an error of the parser its place in the card, where the front
// matter starts in line 2.
func yamlError(file string, err error) error {
	place, message := "front matter", err.Error()
	var load *yaml.LoadError
	if errors.As(err, &load) {
		message = load.Message
		if load.Mark.Line > 0 {
			place = fmt.Sprintf("line %d", load.Mark.Line+1)
		}
	}
	return formats.Errorf(file, place, "found text that is not YAML (%s), expected YAML between two lines ---", quote(message))
}

// cardYAML cuts the YAML out of a card, and mends what authors often get wrong:
// tabs, and a list item no (Norwegian), which YAML takes for false. If the
// second "---" is missing, everything is taken for YAML.
func cardYAML(file, card string) (string, error) {
	line, rest := nextLine(card)
	if line != "---" {
		return "", nil
	}
	var b strings.Builder
	for rest != "" {
		if line, rest = nextLine(rest); line == "---" {
			break
		}
		b.WriteString(line)
		b.WriteByte('\n')
		if b.Len() > maxFrontMatter {
			return "", formats.Errorf(file, "front matter", "found more than %d bytes, expected at most that many before a line ---", maxFrontMatter)
		}
	}
	text := b.String()
	if !utf8.ValidString(text) {
		return "", formats.Errorf(file, "front matter", "found bytes that are not UTF-8, expected UTF-8 text")
	}
	for _, r := range text {
		if !printable(r) {
			return "", formats.Errorf(file, "front matter", "found character %U, expected those that YAML allows", r)
		}
	}
	text = strings.ReplaceAll(text, "- no\n", "- \"no\"\n")
	return strings.ReplaceAll(text, "\t", "  "), nil
}

// printable reports whether YAML allows a character. It is the definition of
// YAML 1.1; the parser has a wider one.
func printable(r rune) bool {
	return r == '\t' || r == '\n' || r >= ' ' && r <= '~' || r == 0x85 || r >= 0xa0 && r != 0xfffe && r != 0xffff
}

// nextLine cuts the first line off text, at any of the line ends that Python's
// splitlines knows.
func nextLine(text string) (line, rest string) {
	for i, r := range text {
		switch r {
		case '\r':
			if strings.HasPrefix(text[i+1:], "\n") {
				return text[:i], text[i+2:]
			}
			return text[:i], text[i+1:]
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			return text[:i], text[i+utf8.RuneLen(r):]
		}
	}
	return text, ""
}
