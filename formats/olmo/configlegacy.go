package olmo

import "olmotool/formats"

// parseLegacyConfig translates the part "model" of the trainer's config.yaml.
// Where it says nothing the defaults of the trainer's ModelConfig hold, and
// what neither OLMo 1 nor OLMo 2 of transformers does is refused.
func parseLegacyConfig(data []byte, file string) (*Config, error) {
	o, err := yamlMember(data, "model")
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	f := fieldsOf(o)
	f.path = "model."
	c := &Config{
		HiddenSize:            f.int("d_model", 768),
		NumHiddenLayers:       f.int("n_layers", 12),
		NumAttentionHeads:     f.int("n_heads", 12),
		MaxPositionEmbeddings: f.int("max_sequence_length", 1024),
		TieWordEmbeddings:     f.bool("weight_tying", true),
		HiddenAct:             "silu",
		InitializerRange:      f.float("init_std", 0.02),
		VocabSize:             f.int("vocab_size", 50257),
		EOSTokenID:            f.ints("eos_token_id", []int64{50256}),
		PadTokenID:            f.optInt("pad_token_id", new(int64(50256))),
		Rope:                  Rope{Type: ropeDefault, Theta: f.float("rope_theta", 10000)},
	}
	c.VocabSize = or(f.optInt("embedding_size", new(int64(50304))), c.VocabSize)
	c.NumKeyValueHeads = f.legacyKVHeads(c.NumAttentionHeads)
	c.IntermediateSize = f.legacyIntermediate(c.HiddenSize)

	f.mustBe("rope", false, true)
	f.mustBe("alibi", false, false)
	f.mustBe("include_bias", true, false)
	f.mustBe("scale_logits", false, false)
	f.mustBe("embedding_layer_norm", false, false)
	f.must("block_type", "sequential", "sequential")
	f.must("activation_type", "swiglu", "swiglu")
	f.legacyNorms(c)
	f.rest("alibi_bias_max", "attention_dropout", "block_group_size", "embedding_dropout", "emb_init_std", "flash_attention",
		"init_cutoff_factor", "init_device", "init_fn", "precision", "residual_dropout", "rope_full_precision", "scale_emb_init")
	if err := f.error(file); err != nil {
		return nil, err
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "model", "%w", err)
	}
	return c, nil
}

// legacyKVHeads reads the number of key and value heads, which has two names.
func (f *fields) legacyKVHeads(heads int64) int64 {
	multi := optional(f, "multi_query_attention", nil, readBool)
	implied := heads
	if or(multi, false) {
		implied = 1
	}
	kv := or(f.optInt("n_kv_heads", nil), implied)
	if multi != nil && kv != implied {
		f.fail("n_kv_heads", "found %d beside multi_query_attention %t, expected %d", kv, *multi, implied)
	}
	return kv
}

// legacyIntermediate reads the width of the MLP. The trainer's counts the rows
// of both halves of ff_proj.
func (f *fields) legacyIntermediate(hidden int64) int64 {
	key, size := "mlp_hidden_size", f.optInt("mlp_hidden_size", nil)
	ratio := f.int("mlp_ratio", 4)
	if size == nil {
		key = "mlp_ratio"
		if ratio < 1 || ratio > maxDim || hidden < 1 || hidden > maxDim {
			f.fail(key, "found %d with d_model %d, expected positive numbers up to %d", ratio, hidden, maxDim)
			return 0
		}
		size = new(ratio * hidden)
	}
	if *size%2 != 0 {
		f.fail(key, "found %d rows of the MLP, expected an even number", *size)
	}
	return *size / 2
}

// legacyNorms tells the models apart by their norms: OLMo 1 has LayerNorms
// without weights before each part, OLMo 2 RMS norms behind it and on q and k.
func (f *fields) legacyNorms(c *Config) {
	const name = "layer_norm_type"
	f.must(name, "default", "rms", "default", "low_precision")
	kind, eps := f.str(name, "default"), f.float("layer_norm_eps", 1e-5)
	if b := optional(f, "bias_for_layer_norm", nil, readBool); or(b, false) {
		f.fail("bias_for_layer_norm", "found true, expected false")
	}
	second := kind == "rms"
	for _, s := range []struct {
		key string
		def bool
	}{{"layer_norm_with_affine", true}, {"attention_layer_norm", false}, {"norm_after", false}} {
		if got := f.bool(s.key, s.def); got != second {
			f.fail(s.key, "found %t, expected %t with %s %s", got, second, name, kind)
		}
	}
	affine := f.bool("attention_layer_norm_with_affine", true)
	clip := f.optFloat("clip_qkv")
	if !second {
		c.ModelType, c.ClipQKV = OLMo1, clip
		if eps != 1e-5 {
			f.fail("layer_norm_eps", "found %v, expected 1e-05 with %s %s", eps, name, kind)
		}
		return
	}
	c.ModelType, c.RMSNormEps = OLMo2, eps
	if !affine {
		f.fail("attention_layer_norm_with_affine", "found false, expected true with %s rms", name)
	}
	if clip != nil {
		f.fail("clip_qkv", "found %v, expected none with %s rms", *clip, name)
	}
}
