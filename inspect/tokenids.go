package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// readGGUF takes the tokens of a GGUF. Those of type unused, which converters put
// at the end, fill the rows that no token leads to.
func (t *Tokenizer) readGGUF(kvs []gguf.KV) {
	const unused = 5
	tokens, ok, _ := gguf.Lookup[[]string](kvs, "tokenizer.ggml.tokens")
	if ok {
		t.From, t.IDs = "gguf", int64(len(tokens))
		types, _, _ := gguf.Lookup[[]int32](kvs, "tokenizer.ggml.token_type")
		for t.IDs > 0 && t.IDs <= int64(len(types)) && types[t.IDs-1] == unused {
			t.IDs--
		}
	}
	for _, s := range []struct{ name, key string }{{"bos", "bos"}, {"eos", "eos"}, {"pad", "padding"}} {
		if id, ok, _ := gguf.Lookup[uint32](kvs, "tokenizer.ggml."+s.key+"_token_id"); ok {
			t.add(s.name, "gguf", int64(id))
		}
	}
}

// readTokenizer takes the ids of tokenizer.json, and those of the tokens that
// tokenizer_config.json calls special.
func (t *Tokenizer) readTokenizer(b olmo.Beside) error {
	const file = "tokenizer_config.json"
	o, err := readObject(b, file)
	if err != nil {
		return err
	}
	ids := map[string]int64{} // of special tokens; -1 until found
	var texts [3]string
	for i, name := range specials {
		if o == nil {
			break
		}
		v, _ := o.Get(name + "_token")
		if added, ok := v.(*ordjson.Object); ok {
			v, _ = added.Get("content")
		}
		if texts[i], _ = v.(string); texts[i] != "" {
			ids[texts[i]] = -1
		}
	}
	text, err := b.Read("tokenizer.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		t.IDs, err = countIDs(string(text), ids)
	}
	if err != nil {
		return formats.Errorf("tokenizer.json", "", "%w", err)
	}
	t.From = "tokenizer.json"
	for i, name := range specials {
		if id, ok := ids[texts[i]]; ok && id >= 0 {
			t.add(name, file, id)
		}
	}
	return nil
}

// countIDs returns the highest id of a tokenizer.json, and one, and fills in the
// ids of the tokens that wanted has.
func countIDs(text string, wanted map[string]int64) (int64, error) {
	s, err := ordjson.NewScanner(text)
	if err != nil {
		return 0, err
	}
	most := int64(-1)
	add := func(token string, id int64) {
		most = max(most, id)
		if _, ok := wanted[token]; ok {
			wanted[token] = id
		}
	}
	err = s.Object(func(key string, _ int) error {
		switch {
		case key == "model" && s.Peek() == '{':
			return s.Object(func(key string, _ int) error {
				if key != "vocab" || s.Peek() != '{' {
					return s.Skip()
				}
				return s.Object(func(token string, _ int) error {
					id, err := scanID(s)
					add(token, id)
					return err
				})
			})
		case key == "added_tokens" && s.Peek() == '[':
			return s.Array(func(int) error {
				v, err := s.Value()
				if err != nil {
					return err
				}
				o, _ := v.(*ordjson.Object)
				if o == nil {
					return fmt.Errorf("added_tokens: found no object, expected one")
				}
				content, _ := o.Get("content")
				token, _ := content.(string)
				n, _ := o.Get("id")
				id, err := ordjson.Int(n)
				if err != nil {
					return fmt.Errorf("added_tokens: id: %w", err)
				}
				add(token, id)
				return nil
			})
		}
		return s.Skip()
	})
	if err == nil {
		err = s.End()
	}
	return most + 1, err
}

func scanID(s *ordjson.Scanner) (int64, error) {
	text, err := s.Number()
	if err != nil {
		return 0, err
	}
	// An id beyond any vocabulary is outside, whatever it is.
	const most = 1 << 40
	var n int64
	if len(text) > 12 || strings.Trim(text, "0123456789") != "" {
		return most, nil
	}
	for _, c := range []byte(text) {
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// readObject reads a JSON object beside the weights; nil if there is no such file.
func readObject(b olmo.Beside, file string) (*ordjson.Object, error) {
	text, err := b.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := ordjson.ParseObject(text)
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	return o, nil
}
