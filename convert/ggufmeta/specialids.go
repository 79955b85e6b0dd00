package ggufmeta

import (
	"encoding/json"
	"slices"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// Special tokens in a GGUF are ids, found by the text that tokenizer_config.json
// gives for each kind, or by the id in config.json. This has nothing to do with
// what transformers makes of the same files.

// idKeys has the record of the id of each kind. There is none for cls: the
// official converter looks for its id, and then has nowhere to put it.
var idKeys = map[string]string{
	"bos": "tokenizer.ggml.bos_token_id", "eos": "tokenizer.ggml.eos_token_id",
	"unk": "tokenizer.ggml.unknown_token_id", "sep": "tokenizer.ggml.seperator_token_id", // sic
	"pad": "tokenizer.ggml.padding_token_id", "mask": "tokenizer.ggml.mask_token_id",
	"eot": "tokenizer.ggml.eot_token_id", "eom": "tokenizer.ggml.eom_token_id",
}

// addKeys has the records that say whether to add a token to every text.
var addKeys = map[string]string{
	"bos": "tokenizer.ggml.add_bos_token", "eos": "tokenizer.ggml.add_eos_token", "sep": "tokenizer.ggml.add_sep_token",
}

// specialTokens is what the files say of special tokens. The lists are in the
// order in which it was found, which is that of the records.
type specialTokens struct {
	kinds     []string       // looked for
	hasConfig bool           // there is a tokenizer_config.json that says something
	token     map[string]any // kind → its token as tokenizer_config.json has it, or as deduced
	added     []kindFlag     // whether it is added to every text
	ids       []kindID
}

type kindFlag struct {
	kind string
	add  bool
}

type kindID struct {
	kind string
	id   uint32
}

func specialRecords(src Source, file *tokenizerFile, config *ordjson.Object, n *notes) ([]gguf.KV, error) {
	s := specialTokens{
		kinds:     []string{"bos", "eos", "unk", "sep", "pad", "cls", "mask"},
		hasConfig: config != nil && config.Len() > 0,
		token:     map[string]any{},
	}
	for _, kind := range s.kinds {
		s.token[kind], _ = get(config, kind+"_token")
	}
	for _, stand := range [][2]string{{"bos", "cls"}, {"eos", "sep"}} {
		if !truthy(s.token[stand[0]]) && truthy(s.token[stand[1]]) {
			s.token[stand[0]] = s.token[stand[1]]
		}
	}
	if err := s.postProcessor(file); err != nil {
		return nil, err
	}
	if s.hasConfig {
		if err := s.fromTokenizerConfig(src, file, config, n); err != nil {
			return nil, err
		}
	}
	if err := s.fromConfig(src); err != nil {
		return nil, err
	}
	var kvs []gguf.KV
	for _, id := range s.ids {
		if key, ok := idKeys[id.kind]; ok {
			kvs = append(kvs, gguf.KV{Key: key, Value: id.id})
		}
	}
	for _, a := range s.added {
		if key, ok := addKeys[a.kind]; ok {
			kvs = append(kvs, gguf.KV{Key: key, Value: a.add})
		}
	}
	return kvs, nil
}

// flag returns whether the kind is added to every text, and whether that is
// known.
func (s *specialTokens) flag(kind string) (add, known bool) {
	for _, a := range s.added {
		if a.kind == kind {
			return a.add, true
		}
	}
	return false, false
}

func (s *specialTokens) setFlag(kind string, add bool) {
	for i := range s.added {
		if s.added[i].kind == kind {
			s.added[i].add = add
			return
		}
	}
	s.added = append(s.added, kindFlag{kind, add})
}

// fromTokenizerConfig finds the ids of the tokens that are named, and the flags
// that the post-processor left open.
func (s *specialTokens) fromTokenizerConfig(src Source, file *tokenizerFile, config *ordjson.Object, n *notes) error {
	where := src.path("tokenizer_config.json")
	for _, kind := range s.kinds {
		key := "add_" + kind + "_token"
		v, _ := config.Get(key)
		if add, ok := v.(bool); ok {
			if before, known := s.flag(kind); !known {
				s.setFlag(kind, add)
			} else if before != add {
				n.warn("post-processor-wins", where, "%s is %v here, but the post-processor of tokenizer.json says %v, which counts", key, add, before)
			}
		}
		text, ok := tokenText(s.token[kind])
		if !ok {
			continue
		}
		i := slices.IndexFunc(file.added, func(t listedToken) bool { return t.content == text })
		if i < 0 {
			n.warn("special-token-unknown", where, "%s_token is %s, which is not among the added tokens of tokenizer.json", kind, quote(text))
			continue
		}
		s.setID(kind, file.added[i].id)
	}
	return nil
}

// fromConfig takes ids for kinds that have none yet.
func (s *specialTokens) fromConfig(src Source) error {
	for _, kind := range s.kinds {
		key := kind + "_token_id"
		v, _ := get(src.Config, key)
		if v == nil {
			inner, _ := get(src.Config, "text_config")
			o, _ := inner.(*ordjson.Object)
			v, _ = get(o, key)
		}
		switch b := v.(type) {
		case nil, []any: // a list: several tokens may end a text
			continue
		case bool: // a number to Python
			v = json.Number("0")
			if b {
				v = json.Number("1")
			}
		}
		id, ok := tokenID(v)
		if !ok {
			return formats.Errorf(src.path("config.json"), key, "found %s, expected an id of 32 bits", describe(v))
		}
		s.setID(kind, id)
	}
	return nil
}

// setID keeps the first id of each kind.
func (s *specialTokens) setID(kind string, id uint32) {
	if !slices.ContainsFunc(s.ids, func(k kindID) bool { return k.kind == kind }) {
		s.ids = append(s.ids, kindID{kind, id})
	}
}
