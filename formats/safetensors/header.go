package safetensors

import (
	"errors"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// header is what a file says about itself.
type header struct {
	tensors  []info // in the order of the header; of the data after checkLayout
	metadata map[string]string

	nullMetadata  bool // "__metadata__":null
	unknownFields int  // in the descriptions of tensors
	firstUnknown  string
}

// parser reads a header. Its errors are without a file's name.
type parser struct {
	*ordjson.Scanner
	header
	names   map[string]struct{}
	entries int // of metadata
}

// parseHeader reads the text of a header.
func parseHeader(text, path string) (*header, error) {
	s, err := ordjson.NewScanner(text)
	if err == nil {
		p := parser{Scanner: s, names: map[string]struct{}{}}
		if err = p.Object(p.member); err == nil {
			err = p.End()
		}
		if err == nil {
			return &p.header, nil
		}
	}
	var tensor *tensorError
	place := "header"
	if errors.As(err, &tensor) {
		place, err = fmt.Sprintf("tensor %.120q", tensor.name), tensor.err
	}
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(path, place, "byte %d: %s", prefixBytes+syntax.Offset, syntax.Msg)
	}
	return nil, formats.Errorf(path, place, "%w", err)
}

// tensorError says in the description of which tensor something is wrong.
type tensorError struct {
	name string
	err  error
}

func (e *tensorError) Error() string { return fmt.Sprintf("tensor %.120q: %v", e.name, e.err) }

// fail is an error at a byte of the header.
func fail(at int, format string, args ...any) error {
	return &ordjson.SyntaxError{Offset: int64(at), Msg: fmt.Sprintf(format, args...)}
}

// member reads one member of the header.
func (p *parser) member(name string, at int) error {
	if _, ok := p.names[name]; ok {
		return ordjson.Duplicate(name, at)
	}
	p.names[name] = struct{}{}
	if name == metadataKey {
		return p.readMetadata()
	}
	if len(p.tensors) == maxEntries {
		return fail(at, "found more than %d tensors, expected at most that many", maxEntries)
	}
	t := info{name: name}
	if err := p.readInfo(&t); err != nil {
		return &tensorError{name, err}
	}
	p.tensors = append(p.tensors, t)
	return nil
}

func (p *parser) readMetadata() error {
	if p.Peek() == 'n' {
		p.nullMetadata = true
		return p.Skip()
	}
	p.metadata = map[string]string{}
	return p.Object(func(key string, at int) error {
		if _, ok := p.metadata[key]; ok {
			return ordjson.Duplicate(key, at)
		}
		if p.entries++; p.entries > maxEntries {
			return fail(at, "found more than %d entries of metadata, expected at most that many", maxEntries)
		}
		value, err := p.String()
		p.metadata[key] = value
		return err
	})
}
