package weights

import (
	"fmt"
	"slices"
)

// compareConfigs compares what the configs say of the function, and of the ids
// of special tokens.
func (c *comparison) compareConfigs() {
	a, b := c.ref.Config, c.cand.Config
	if a == nil || b == nil {
		if a != b {
			c.note("configs are not compared: %s is a bare list of tensors", map[bool]string{true: "REF", false: "CAND"}[a == nil])
		}
		return
	}
	c.report.Config = append(c.report.Config, a.Diff(b)...)
	if c.isGGUF() {
		return // its ids come from the tokenizer, and are compared there
	}
	one := func(id *int64) []int64 {
		if id == nil {
			return nil
		}
		return []int64{*id}
	}
	for _, id := range []struct {
		key  string
		a, b []int64
	}{
		{"bos_token_id", one(a.BOSTokenID), one(b.BOSTokenID)},
		{"eos_token_id", a.EOSTokenID, b.EOSTokenID},
		{"pad_token_id", one(a.PadTokenID), one(b.PadTokenID)},
	} {
		switch {
		case slices.Equal(id.a, id.b):
		case len(id.a) == 0 || len(id.b) == 0:
			c.note("%s: %s and %s", id.key, orNone(id.a), orNone(id.b))
		default:
			c.report.Tokenizer = append(c.report.Tokenizer, fmt.Sprintf("%s: %s and %s", id.key, orNone(id.a), orNone(id.b)))
		}
	}
}

func orNone(ids []int64) string {
	if len(ids) == 0 {
		return "none"
	}
	return numbers(ids, ", ")
}
