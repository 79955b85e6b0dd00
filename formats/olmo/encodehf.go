package olmo

import (
	"math"

	"olmotool/internal/ordjson"
)

// HFObject returns the config as an object of config.json: the one that it was
// read from, if it was.
func (c *Config) HFObject() *ordjson.Object {
	if c.HF == nil {
		return c.hfObject()
	}
	o := new(ordjson.Object)
	for i := range c.HF.Len() {
		o.Set(c.HF.At(i))
	}
	return o
}

// EncodeHF returns the config.json for the model with weights of the given
// type ("bfloat16"); an empty one says nothing of it. A config that came from a
// config.json is written back as it was, byte for byte unless that type is
// another; any other is written in the spelling of transformers 4, which every
// version reads.
func (c *Config) EncodeHF(dtype string) ([]byte, error) {
	o := c.HFObject()
	same, said := true, false
	for _, key := range []string{"torch_dtype", "dtype"} {
		if v, ok := o.Get(key); ok {
			same, said = same && v == dtype, true
			o.Set(key, dtype)
		}
	}
	if dtype != "" && !said {
		o.Set("torch_dtype", dtype)
	}
	if c.hfText != nil && (dtype == "" || said && same) {
		return c.hfText, nil
	}
	b, err := ordjson.Encode(o, ordjson.Options{Indent: 2, ASCII: true, SortKeys: c.HF == nil})
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

func (c *Config) hfObject() *ordjson.Object {
	o := object(
		"architectures", []any{architectures[c.ModelType]},
		"model_type", c.ModelType,
		"vocab_size", c.VocabSize,
		"hidden_size", c.HiddenSize,
		"intermediate_size", c.IntermediateSize,
		"num_hidden_layers", c.NumHiddenLayers,
		"num_attention_heads", c.NumAttentionHeads,
		"num_key_value_heads", c.NumKeyValueHeads,
		"hidden_act", c.HiddenAct,
		"max_position_embeddings", c.MaxPositionEmbeddings,
		"initializer_range", c.InitializerRange,
		"use_cache", true,
		"attention_bias", c.AttentionBias,
		"attention_dropout", 0.0,
		"tie_word_embeddings", c.TieWordEmbeddings,
		"rope_theta", number(c.Rope.Theta),
		"bos_token_id", anyOf(c.BOSTokenID),
	)
	// Absence of these means something else than null.
	o.Set("rope_scaling", c.hfScaling())
	o.Set("eos_token_id", c.eos())
	o.Set("pad_token_id", anyOf(c.PadTokenID))
	if c.oddHeadDim() {
		o.Set("head_dim", c.HeadDim)
	}
	switch c.ModelType {
	case OLMo1:
		o.Set("clip_qkv", anyOf(c.ClipQKV))
	case OLMo2:
		o.Set("rms_norm_eps", c.RMSNormEps)
	case OLMo3:
		o.Set("rms_norm_eps", c.RMSNormEps)
		o.Set("sliding_window", c.SlidingWindow)
		o.Set("layer_types", anys(c.LayerTypes))
		if !c.RopeSliding.same(Rope{Type: ropeDefault, Theta: olmo3Theta}) || c.Rope.Theta != olmo3Theta {
			// transformers 4 has no words for it, and 5 takes what it is not told.
			o.Set("rope_parameters", object(FullAttention, c.Rope.hf(), SlidingAttention, c.RopeSliding.hf()))
		}
	}
	return o
}

// eos is eos_token_id: null, an id or a list.
func (c *Config) eos() any {
	switch len(c.EOSTokenID) {
	case 0:
		return nil
	case 1:
		return c.EOSTokenID[0]
	}
	return anys(c.EOSTokenID)
}

// hfScaling is rope_scaling of transformers 4.
func (c *Config) hfScaling() any {
	if !c.Rope.Scaled() {
		return nil
	}
	o := c.Rope.hf()
	o.Delete("rope_theta")
	if c.ModelType == OLMo1 {
		// Its class in transformers 4 knows the oldest spelling only.
		o.Delete("rope_type")
		o.Set("type", c.Rope.Type)
	}
	return o
}

// hf is the settings as one object of transformers 5.
func (r Rope) hf() *ordjson.Object {
	o := object("rope_type", r.Type, "rope_theta", number(r.Theta))
	if r.Scaled() {
		o.Set("factor", r.Factor)
	}
	if r.Type == ropeYaRN {
		o.Set("original_max_position_embeddings", r.OriginalMaxPositions)
		for _, f := range r.yarnFactors() {
			if f.v != nil {
				o.Set(f.key, number(*f.v))
			}
		}
	}
	return o
}

// object makes a JSON object of alternating keys and values; those that are nil
// are left out.
func object(kvs ...any) *ordjson.Object {
	o := new(ordjson.Object)
	for i := 0; i < len(kvs); i += 2 {
		if kvs[i+1] != nil {
			o.Set(kvs[i].(string), kvs[i+1])
		}
	}
	return o
}

// number is a value that is written as an integer if it is whole.
func number(x float64) any {
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return int64(x)
	}
	return x
}

// anyOf is the value behind a pointer, nil if there is none.
func anyOf[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func anys[T any](vs []T) []any {
	l := make([]any, len(vs))
	for i, v := range vs {
		l[i] = v
	}
	return l
}
