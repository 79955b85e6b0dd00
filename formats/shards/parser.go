package shards

import (
	"errors"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// parseIndex reads the text of an index.
func parseIndex(text, path string) (*Index, error) {
	ext, err := extension(path)
	if err != nil {
		return nil, err
	}
	s, err := ordjson.NewScanner(text)
	p := newParser(s, ext)
	if err == nil {
		err = p.Object(p.member)
	}
	if err == nil {
		err = p.End()
	}
	if err == nil && len(p.WeightMap) == 0 {
		err = errors.New("found no weight_map with tensors, expected one")
	}
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(path, fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	if err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	return &p.Index, nil
}

type parser struct {
	*ordjson.Scanner
	Index
	ext     string
	keys    map[string]bool   // of the document
	tensors map[string]bool   // of the weight map
	folded  map[string]string // lower-case name → name of a file
}

func newParser(s *ordjson.Scanner, ext string) *parser {
	return &parser{Scanner: s, ext: ext, keys: map[string]bool{}, tensors: map[string]bool{}, folded: map[string]string{}}
}

func fail(at int, format string, args ...any) error {
	return &ordjson.SyntaxError{Offset: int64(at), Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) member(key string, at int) error {
	switch key {
	case "metadata", "weight_map":
		if p.keys[key] {
			return ordjson.Duplicate(key, at)
		}
		p.keys[key] = true
	default:
		return p.Skip()
	}
	if key == "weight_map" {
		return p.Object(p.entry)
	}
	p.Peek()
	at = p.Pos()
	v, err := p.Value()
	if err != nil {
		return err
	}
	o, ok := v.(*ordjson.Object)
	if !ok {
		if v == nil {
			return nil
		}
		return fail(at, "found metadata that is no object, expected one")
	}
	if p.TotalSize, err = count(o, "total_size", at); err != nil {
		return err
	}
	p.TotalParameters, err = count(o, "total_parameters", at)
	return err
}

// count returns a number of the metadata, which begins at byte at.
func count(o *ordjson.Object, key string, at int) (int64, error) {
	v, ok := o.Get(key)
	if !ok || v == nil {
		return 0, nil
	}
	n, err := ordjson.Int(v)
	if err == nil && n < 0 {
		err = fmt.Errorf("found %d, expected a number from 0", n)
	}
	if err != nil {
		return 0, fail(at, "%s: %v", key, err)
	}
	return n, nil
}

func (p *parser) entry(tensor string, at int) error {
	if p.tensors[tensor] {
		return ordjson.Duplicate(tensor, at)
	}
	if len(p.WeightMap) == maxTensors {
		return fail(at, "found more than %d tensors, expected at most that many", maxTensors)
	}
	p.tensors[tensor] = true
	p.Peek()
	at = p.Pos()
	file, err := p.String()
	if err != nil {
		return err
	}
	lower := strings.ToLower(file)
	switch known, ok := p.folded[lower]; {
	case ok && known != file:
		return fail(at, "found files %.300q and %.300q, expected names that differ by more than case", known, file)
	case !ok:
		if len(p.folded) == maxShards {
			return fail(at, "found more than %d files, expected at most that many", maxShards)
		}
		if err := checkName(file, p.ext); err != nil {
			return fail(at, "tensor %.120q: %v", tensor, err)
		}
		p.folded[lower] = file
	}
	p.WeightMap = append(p.WeightMap, Entry{tensor, p.folded[lower]})
	return nil
}
