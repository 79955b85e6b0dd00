package inspect

import (
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// Tokenizer is how the tokenizer fits the embeddings.
type Tokenizer struct {
	From       string `json:"from"`           // "tokenizer.json" or "gguf"
	IDs        int64  `json:"ids"`            // the highest id of a token, and one
	Rows       int64  `json:"embedding_rows"` // of the config
	PaddedRows int64  `json:"padded_rows"`    // that no token leads to
	// Special has the special ids, as each place gives them.
	Special []SpecialID `json:"special"`
}

// SpecialID is the id, or the ids, of a special token.
type SpecialID struct {
	Name string  `json:"name"` // "bos", "eos" or "pad"
	From string  `json:"from"`
	IDs  []int64 `json:"ids"`
}

// compareTokens holds the tokenizer and the special ids against the embeddings.
func (r *Report) compareTokens(src *olmo.Source) {
	t := &Tokenizer{Rows: src.Config.VocabSize}
	if len(src.KVs) > 0 {
		t.readGGUF(src.KVs)
	} else {
		t.readConfig(src.Config)
		for _, err := range []error{t.readGeneration(src.Beside), t.readTokenizer(src.Beside)} {
			if err != nil {
				r.note(formats.Warning, "tokenizer-unreadable", src.Path, "%v", err)
			}
		}
	}
	if t.From == "" && len(t.Special) == 0 {
		return
	}
	r.Tokenizer = t
	if t.From != "" {
		t.PaddedRows = max(t.Rows-t.IDs, 0)
		if t.IDs > t.Rows {
			r.note(formats.Serious, "token-outside", t.From, "found %d ids of tokens, expected at most the %d rows of the embedding", t.IDs, t.Rows)
		}
	}
	for i, s := range t.Special {
		for _, id := range s.IDs {
			if id < 0 || id >= t.Rows {
				r.note(formats.Serious, "special-id-outside", s.From, "found id %d for %s, expected one of the %d rows of the embedding", id, s.Name, t.Rows)
			} else if t.From != "" && id >= t.IDs {
				r.note(formats.Warning, "special-id-padding", s.From, "found id %d for %s, expected one of the %d of the tokenizer: its row is padding", id, s.Name, t.IDs)
			}
		}
		r.compareSpecial(t.Special[:i], s)
	}
}

// compareSpecial notes where two places give a special token no id in common. A
// list may have more: a chat ends at two.
func (r *Report) compareSpecial(before []SpecialID, s SpecialID) {
	for _, o := range before {
		if o.Name != s.Name {
			continue
		}
		if !slices.ContainsFunc(s.IDs, func(id int64) bool { return slices.Contains(o.IDs, id) }) {
			r.note(formats.Warning, "special-ids-differ", s.From, "found %s %s, and in %s %s", s.Name, idList(s.IDs), o.From, idList(o.IDs))
		}
		return
	}
}

func idList(ids []int64) string {
	if len(ids) == 1 {
		return fmt.Sprint(ids[0])
	}
	return fmt.Sprint(ids)
}

func (t *Tokenizer) add(name, from string, ids ...int64) {
	if len(ids) > 0 {
		t.Special = append(t.Special, SpecialID{name, from, ids})
	}
}

func (t *Tokenizer) readConfig(c *olmo.Config) {
	from := "config"
	if c.BOSTokenID != nil {
		t.add("bos", from, *c.BOSTokenID)
	}
	t.add("eos", from, c.EOSTokenID...)
	if c.PadTokenID != nil {
		t.add("pad", from, *c.PadTokenID)
	}
}

// specials are the names by which configs speak of special tokens.
var specials = []string{"bos", "eos", "pad"}

// readGeneration takes the ids of generation_config.json, which has a number or a
// list for each.
func (t *Tokenizer) readGeneration(b olmo.Beside) error {
	const file = "generation_config.json"
	o, err := readObject(b, file)
	if o == nil {
		return err
	}
	for _, name := range specials {
		v, _ := o.Get(name + "_token_id")
		list, ok := v.([]any)
		if !ok && v != nil {
			list = []any{v}
		}
		var ids []int64
		for _, v := range list {
			id, err := ordjson.Int(v)
			if err != nil {
				return formats.Errorf(file, name+"_token_id", "%w", err)
			}
			ids = append(ids, id)
		}
		t.add(name, file, ids...)
	}
	return nil
}
