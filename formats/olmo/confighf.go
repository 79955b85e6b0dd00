package olmo

import (
	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// architectures of config.json, by model type.
var architectures = map[string]string{
	OLMo1: "OlmoForCausalLM",
	OLMo2: "Olmo2ForCausalLM",
	OLMo3: "Olmo3ForCausalLM",
}

// olmo3Theta is the theta that transformers 5 gives the layers of an OLMo 3
// whose config does not say.
const olmo3Theta = 500000.0

// ParseHFConfig reads a config.json of transformers 4 or 5. Missing fields take
// the defaults of transformers' configuration classes, and fields that these
// do not look at are ignored here too. file is for messages.
func ParseHFConfig(data []byte, file string) (*Config, error) {
	o, err := ordjson.ParseObject(data)
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	f := fieldsOf(o)
	f.must("model_type", "", OLMo1, OLMo2, OLMo3)
	c := &Config{
		HF: o, hfText: data,
		ModelType:             f.str("model_type", ""),
		VocabSize:             f.int("vocab_size", 50304),
		HiddenSize:            f.int("hidden_size", 4096),
		IntermediateSize:      f.int("intermediate_size", 11008),
		NumHiddenLayers:       f.int("num_hidden_layers", 32),
		NumAttentionHeads:     f.int("num_attention_heads", 32),
		MaxPositionEmbeddings: f.int("max_position_embeddings", 2048),
		TieWordEmbeddings:     f.bool("tie_word_embeddings", false),
		AttentionBias:         f.bool("attention_bias", false),
		HiddenAct:             f.str("hidden_act", "silu"),
		InitializerRange:      f.float("initializer_range", 0.02),
		BOSTokenID:            f.optInt("bos_token_id", nil),
		PadTokenID:            f.optInt("pad_token_id", new(int64(1))),
		EOSTokenID:            f.ints("eos_token_id", []int64{50279}),
	}
	c.NumKeyValueHeads = or(f.optInt("num_key_value_heads", nil), c.NumAttentionHeads)
	c.HeadDim = f.headDim("head_dim", c)
	theta := 10000.0
	switch c.ModelType {
	case OLMo1:
		c.ClipQKV = f.optFloat("clip_qkv")
	case OLMo2:
		c.RMSNormEps = f.float("rms_norm_eps", 1e-5)
	case OLMo3:
		c.RMSNormEps = f.float("rms_norm_eps", 1e-5)
		c.SlidingWindow = or(f.optInt("sliding_window", new(int64(4096))), 0)
		c.LayerTypes = f.strs("layer_types")
		theta = olmo3Theta
	}
	f.ropes(c, theta)
	if v := f.get("quantization_config"); v != nil {
		f.fail("quantization_config", "found %s, expected none: quantised weights of transformers are not read", describe(v))
	}
	if err := f.error(file); err != nil {
		return nil, err
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	return c, nil
}

// headDim reads a size of heads that is given only where it does not follow
// from the hidden size.
func (f *fields) headDim(key string, c *Config) int64 {
	d := f.optInt(key, nil)
	if d != nil && *d == 0 {
		f.fail(key, "found 0, expected a positive number")
	}
	return or(d, 0)
}

// ropes reads the rope settings in any of their spellings: rope_theta and
// rope_scaling of transformers 4, rope_parameters of transformers 5, flat or
// one for each layer type. Where both are given the older wins, as in
// transformers.
func (f *fields) ropes(c *Config, theta float64) {
	defaultTheta := theta
	theta = f.float("rope_theta", theta)
	f.whole("partial_rotary_factor")
	params := f.sub("rope_parameters")
	full, sliding := params, (*fields)(nil)
	if c.ModelType == OLMo3 && (params.has(FullAttention) || params.has(SlidingAttention)) {
		full, sliding = params.sub(FullAttention), params.sub(SlidingAttention)
	}
	theta = full.float("rope_theta", theta)
	if scaling := f.sub("rope_scaling"); scaling.o.Len() > 0 {
		full = scaling
	}
	c.Rope = full.rope(theta, c.MaxPositionEmbeddings)
	switch {
	case c.ModelType != OLMo3:
	case sliding != nil:
		c.RopeSliding = sliding.rope(defaultTheta, c.MaxPositionEmbeddings)
	default:
		c.RopeSliding = Rope{Type: ropeDefault, Theta: c.Rope.Theta}
	}
}

// rope reads an object of rope settings; an empty one gives plain embeddings.
func (f *fields) rope(theta float64, context int64) Rope {
	r := Rope{Type: f.str("rope_type", f.str("type", ropeDefault)), Theta: f.float("rope_theta", theta)}
	f.whole("partial_rotary_factor")
	if r.Scaled() {
		r.Factor = f.float("factor", 0)
	}
	if r.Type == ropeYaRN {
		r.OriginalMaxPositions = or(f.optInt("original_max_position_embeddings", nil), context)
		r.BetaFast, r.BetaSlow = f.optFloat("beta_fast"), f.optFloat("beta_slow")
		r.AttentionFactor = f.optFloat("attention_factor")
		if r.AttentionFactor == nil {
			r.AttentionFactor = f.optFloat("attn_factor")
		}
		r.ExtrapolationFactor = f.optFloat("extrapolation_factor")
		f.mustBe("truncate", true, true)
		for _, key := range []string{"mscale", "mscale_all_dim"} {
			if v := f.get(key); v != nil {
				f.fail(key, "found %s, expected none: no OLMo model has it", describe(v))
			}
		}
	}
	return r
}

// whole checks that a share of the head that is turned is all of it.
func (f *fields) whole(key string) {
	if x := f.optFloat(key); x != nil && *x != 1 {
		f.fail(key, "found %v, expected 1: OLMo models turn whole heads", *x)
	}
}
