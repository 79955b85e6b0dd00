package weights

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"olmotool/convert/ggufmeta"
	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

const tokenizerFile = "tokenizer.json"

// compareTokenizers compares how the two models turn text into ids. Where one of
// them is a GGUF, the other's files are turned into what a GGUF would hold.
func (c *comparison) compareTokenizers() error {
	a, b := c.ref.Source, c.cand.Source
	if a == nil || b == nil {
		return nil
	}
	x, y := hasTokenizer(a), hasTokenizer(b)
	switch {
	case !x && !y:
		c.note("tokenizers are not compared: there is none")
		return nil
	case !x:
		c.note("tokenizers are not compared: %s has none", c.names[0])
		return nil
	case !y:
		c.note("tokenizers are not compared: %s has none", c.names[1])
		return nil
	case c.isGGUF():
		return c.compareRecords()
	}
	p, err := a.Beside.Read(tokenizerFile)
	if err != nil {
		return err
	}
	q, err := b.Beside.Read(tokenizerFile)
	if err != nil || bytes.Equal(p, q) {
		return err
	}
	s, err := parseTokenizer(a.Beside, p)
	if err != nil {
		return err
	}
	t, err := parseTokenizer(b.Beside, q)
	if err != nil {
		return err
	}
	c.compareTokenizerFiles(s, t)
	return nil
}

func hasTokenizer(s *olmo.Source) bool {
	_, ok, err := gguf.Lookup[[]string](s.KVs, "tokenizer.ggml.tokens")
	return ok && err == nil || s.KVs == nil && s.Beside.Has(tokenizerFile)
}

// isGGUF reports whether a side has its tokenizer in key-values.
func (c *comparison) isGGUF() bool {
	return c.ref.Source != nil && c.ref.Source.KVs != nil || c.cand.Source != nil && c.cand.Source.KVs != nil
}

// compareRecords compares tokenizers as a GGUF has them.
func (c *comparison) compareRecords() error {
	a, err := c.records(c.ref, c.cand.Source.KVs)
	if err != nil {
		return err
	}
	b, err := c.records(c.cand, c.ref.Source.KVs)
	if err != nil {
		return err
	}
	get := func(kvs []gguf.KV, key string) any {
		for _, kv := range kvs {
			if kv.Key == key {
				return kv.Value
			}
		}
		return nil
	}
	var keys []string
	for _, kv := range append(append([]gguf.KV{}, a...), b...) {
		if strings.HasPrefix(kv.Key, "tokenizer.") {
			keys = append(keys, kv.Key)
		}
	}
	seen := map[string]bool{}
	for _, key := range keys {
		x, y := get(a, key), get(b, key)
		if seen[key] || reflect.DeepEqual(x, y) {
			continue
		}
		seen[key] = true
		said := describeChange(key, x, y)
		if x == nil || y == nil || strings.HasPrefix(key, "tokenizer.chat_template") {
			c.report.Notes = append(c.report.Notes, said)
			continue
		}
		c.report.Tokenizer = append(c.report.Tokenizer, said)
	}
	return nil
}

// records returns the key-values of a model's tokenizer; other are those of the
// other side.
func (c *comparison) records(m *olmo.Model, other []gguf.KV) ([]gguf.KV, error) {
	s := m.Source
	if s.KVs != nil {
		return s.KVs, nil
	}
	src := ggufmeta.Source{
		DirName: filepath.Base(s.Beside.Dir), Read: s.Beside.Read, List: s.Beside.ListDir,
		Path: func(name string) string { return filepath.Join(s.Beside.Dir, name) },
	}
	vocab := 0
	if m.Config != nil {
		vocab = int(m.Config.VocabSize)
		text, err := ordjson.Encode(m.Config.HFObject(), ordjson.Options{})
		if err != nil {
			return nil, err
		}
		if src.Config, err = ordjson.ParseObject(text); err != nil { // with numbers as a file has them
			return nil, err
		}
	}
	kvs, _, err := ggufmeta.Tokenizer(src, ggufmeta.Options{}, vocab)
	if err == nil {
		return kvs, nil
	}
	// It may cut text in a way that has no name; the other side has one for it.
	pre, _, lookupErr := gguf.Lookup[string](other, preTokenizer)
	if lookupErr != nil || pre == "" {
		return nil, err
	}
	named, _, againErr := ggufmeta.Tokenizer(src, ggufmeta.Options{PreTokenizer: pre}, vocab)
	if againErr != nil {
		return nil, err
	}
	c.note("%s: whether %.40q is how the other side's %s cuts text is not known", preTokenizer, pre, tokenizerFile)
	return named, nil
}

const preTokenizer = "tokenizer.ggml.pre"

// describeChange says how two values of a key differ.
func describeChange(key string, x, y any) string {
	a, b := reflect.ValueOf(x), reflect.ValueOf(y)
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() || a.Kind() != reflect.Slice {
		return fmt.Sprintf("%s: %s and %s", key, brief(x), brief(y))
	}
	n, first := 0, -1
	for i := range min(a.Len(), b.Len()) {
		if a.Index(i).Interface() != b.Index(i).Interface() {
			if n++; first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return fmt.Sprintf("%s: %d and %d entries", key, a.Len(), b.Len())
	}
	return fmt.Sprintf("%s: %d of %d differ, the first at %d: %s and %s", key, n+max(a.Len(), b.Len())-min(a.Len(), b.Len()), max(a.Len(), b.Len()),
		first, brief(a.Index(first).Interface()), brief(b.Index(first).Interface()))
}

// brief prints a value for a line of a report.
func brief(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		if len(v) > 60 {
			return fmt.Sprintf("%.60q…", v)
		}
		return fmt.Sprintf("%q", v)
	}
	if a := reflect.ValueOf(v); a.Kind() == reflect.Slice {
		return fmt.Sprintf("a list of %d", a.Len())
	}
	return fmt.Sprint(v)
}

func parseTokenizer(b olmo.Beside, text []byte) (*ordjson.Object, error) {
	o, err := ordjson.ParseObject(text)
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(filepath.Join(b.Dir, tokenizerFile), fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	return o, err
}
