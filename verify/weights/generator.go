package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"olmotool/internal/jsondiff"
	"olmotool/internal/ordjson"
)

// compareGenerators notes what changes how text is generated, and not the function
// of the weights: how long a context is promised, and what the files for a
// generator say. Special ids of configs are compared with the configs, those of a
// GGUF with its tokenizer.
func (c *comparison) compareGenerators() {
	if a, b := c.ref.Config, c.cand.Config; a != nil && b != nil && a.MaxPositionEmbeddings != b.MaxPositionEmbeddings {
		c.note("max_position_embeddings: %d and %d", a.MaxPositionEmbeddings, b.MaxPositionEmbeddings)
	}
	if c.ref.Source == nil || c.cand.Source == nil || c.isGGUF() {
		return
	}
	c.compareSettings("generation_config.json", func(key string) bool {
		return key != "transformers_version" && key != "_from_model_config"
	})
	c.compareSettings("tokenizer_config.json", func(key string) bool { return ofGenerator[key] })
}

// ofGenerator are the members of tokenizer_config.json that change what text
// becomes ids, or what becomes of ids.
var ofGenerator = map[string]bool{
	"bos_token": true, "eos_token": true, "pad_token": true, "unk_token": true, "add_bos_token": true, "add_eos_token": true,
	"add_prefix_space": true, "clean_up_tokenization_spaces": true, "model_max_length": true, "chat_template": true,
}

// maxSettings is how many settings of a file are noted.
const maxSettings = 10

// compareSettings notes members of a file that both sides have, and that differ.
func (c *comparison) compareSettings(file string, use func(key string) bool) {
	var sides [2]*ordjson.Object
	for i, s := range []struct {
		name string
		read func(string) ([]byte, error)
	}{{"REF", c.ref.Source.Beside.Read}, {"CAND", c.cand.Source.Beside.Read}} {
		text, err := s.read(file)
		if err == nil {
			sides[i], err = ordjson.ParseObject(text)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return
		case err != nil:
			c.note("%s is not compared: %s's cannot be read: %v", file, s.name, err)
			return
		}
	}
	var said []string
	n := 0
	for _, key := range jsondiff.Keys(sides[0], sides[1]) {
		x, y := setting(sides[0], key), setting(sides[1], key)
		if !use(key) || x == y {
			continue
		}
		if n++; n <= maxSettings {
			x, y = jsondiff.Apart(x, y)
			said = append(said, fmt.Sprintf("%.40s: %s and %s", key, x, y))
		}
	}
	if n > maxSettings {
		said = append(said, fmt.Sprintf("… (%d in all)", n))
	}
	if n > 0 {
		c.note("%s: %s", file, strings.Join(said, "; "))
	}
}

// setting is canonical of a member; of a token its text, in whichever of its two
// forms.
func setting(o *ordjson.Object, key string) string {
	if v, ok := object(o, key).Get("content"); ok && strings.HasSuffix(key, "_token") {
		return canonicalValue(v)
	}
	return canonical(o, key)
}
