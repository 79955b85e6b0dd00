package diff

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/formats/olmo"
	"olmotool/internal/jsondiff"
)

// compareConfigs compares what the configs say: of the function in any layout, of
// everything else where both sides have the same kind of config.
func (c *comparison) compareConfigs(a, b *olmo.Model) error {
	p, q := a.Config, b.Config
	if p == nil || q == nil {
		return c.compareBareConfigs(a, b)
	}
	r := c.report
	changed := func(field string, x, y any) {
		if s, t := fmt.Sprint(x), fmt.Sprint(y); s != t {
			r.ConfigChanges = append(r.ConfigChanges, Change{field, s, t})
		}
	}
	for _, x := range p.Changes(q) {
		changed(x.Field, x.A, x.B)
	}
	before := len(r.ConfigChanges)
	changed("max_position_embeddings", p.MaxPositionEmbeddings, q.MaxPositionEmbeddings)
	changed("initializer_range", p.InitializerRange, q.InitializerRange)
	changed("attention_bias", p.AttentionBias, q.AttentionBias)
	changed("bos_token_id", id(p.BOSTokenID), id(q.BOSTokenID))
	changed("eos_token_id", p.EOSTokenID, q.EOSTokenID)
	changed("pad_token_id", id(p.PadTokenID), id(q.PadTokenID))
	switch {
	case p.HF != nil && q.HF != nil:
		x, y := p.HF, q.HF
		for _, key := range jsondiff.Keys(x, y) {
			v, _ := x.Get(key)
			w, _ := y.Get(key)
			c.compareField(key, jsondiff.Encode(v), jsondiff.Encode(w))
		}
	case a.Source.Layout != b.Source.Layout:
		// Not every layout has words for these.
		for _, x := range r.ConfigChanges[before:] {
			c.note("%s: %s and %s", x.Field, x.A, x.B)
		}
		r.ConfigChanges = r.ConfigChanges[:before]
	}
	return nil
}

// id is a token id, or none.
func id(p *int64) any {
	if p == nil {
		return "none"
	}
	return *p
}

// ofFile are the fields of config.json that speak of the file, or of what the
// tensors say better.
var ofFile = []string{"_name_or_path", "_commit_hash", "transformers_version", "torch_dtype", "dtype"}

// read are the fields that a config has in a form of its own, and was compared in.
var read = []string{
	"model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
	"num_key_value_heads", "head_dim", "hidden_act", "rms_norm_eps", "clip_qkv", "rope_theta", "rope_scaling",
	"rope_parameters", "partial_rotary_factor", "sliding_window", "layer_types", "tie_word_embeddings",
	"max_position_embeddings", "initializer_range", "attention_bias", "bos_token_id", "eos_token_id", "pad_token_id",
}

// compareField compares a field of config.json by its text.
func (c *comparison) compareField(key, x, y string) {
	if x == y || slices.Contains(read, key) {
		return
	}
	if slices.Contains(ofFile, key) {
		c.note("config.json: %.40s: %.80s and %.80s", key, x, y)
		return
	}
	x, y = jsondiff.Apart(x, y)
	c.report.ConfigChanges = append(c.report.ConfigChanges, Change{key, x, y})
}

// compareBareConfigs compares the configs beside tensors of no known model as
// they are written.
func (c *comparison) compareBareConfigs(a, b *olmo.Model) error {
	for _, name := range []string{"config.json", "config.yaml"} {
		if !a.Source.Beside.Has(name) || !b.Source.Beside.Has(name) {
			continue
		}
		changes, err := fileChanges(a.Source.Beside, b.Source.Beside, name)
		if err != nil {
			return err
		}
		for _, x := range changes {
			key := strings.TrimPrefix(x.Field, name+": ")
			if slices.Contains(ofFile, key) {
				c.note("%s: %s and %s", x.Field, x.A, x.B)
				continue
			}
			x.Field = key
			c.report.ConfigChanges = append(c.report.ConfigChanges, x)
		}
		return nil
	}
	if a.Config != nil || b.Config != nil {
		c.note("configs were not compared: %s is a bare list of tensors", sideOf(a.Config == nil))
	}
	return nil
}
