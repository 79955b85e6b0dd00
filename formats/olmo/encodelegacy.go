package olmo

import "fmt"

// encodeLegacy returns the config.yaml for the model: those fields of the
// trainer's ModelConfig that describe it, in their order, in the spelling of
// PyYAML. It is an error, that names the field, if the trainer's model could
// not do what the config says.
func (c *Config) encodeLegacy() ([]byte, error) {
	theta, whole := number(c.Rope.Theta).(int64)
	switch {
	case c.ModelType == OLMo3:
		return nil, fmt.Errorf("model_type: found %q, expected %q or %q: the legacy layout has no sliding windows", c.ModelType, OLMo1, OLMo2)
	case c.Rope.Scaled():
		return nil, fmt.Errorf("rope_scaling: found %q, expected none: the legacy layout has no scaled rope", c.Rope.Type)
	case !whole:
		return nil, fmt.Errorf("rope_theta: found %v, expected a whole number in the legacy layout", c.Rope.Theta)
	case c.oddHeadDim():
		return nil, fmt.Errorf("head_dim: found %d, expected %d heads to share hidden_size %d in the legacy layout", c.HeadDim, c.NumAttentionHeads, c.HiddenSize)
	}
	eos, pad, err := c.endTokens("the legacy layout")
	if err != nil {
		return nil, err
	}
	norms, normType, eps := c.hasNorms(), "default", 1e-5
	if norms {
		normType, eps = "rms", c.RMSNormEps
	}
	var y yamlWriter
	y.line("model", nil)
	for _, f := range []struct {
		key   string
		value any
	}{
		{"d_model", c.HiddenSize},
		{"n_heads", c.NumAttentionHeads},
		{"n_kv_heads", c.NumKeyValueHeads},
		{"clip_qkv", anyOf(c.ClipQKV)},
		{"n_layers", c.NumHiddenLayers},
		{"mlp_hidden_size", 2 * c.IntermediateSize},
		{"activation_type", "swiglu"},
		{"block_type", "sequential"},
		{"block_group_size", int64(1)},
		{"alibi", false},
		{"rope", true},
		{"rope_full_precision", true},
		{"rope_theta", theta},
		{"attention_dropout", 0.0},
		{"multi_query_attention", nil},
		{"attention_layer_norm", norms},
		{"residual_dropout", 0.0},
		{"embedding_dropout", 0.0},
		{"layer_norm_type", normType},
		{"layer_norm_with_affine", norms},
		{"layer_norm_eps", eps},
		{"attention_layer_norm_with_affine", norms},
		{"max_sequence_length", c.MaxPositionEmbeddings},
		{"include_bias", false},
		{"bias_for_layer_norm", false},
		{"scale_logits", false},
		{"vocab_size", c.VocabSize},
		{"embedding_size", c.VocabSize},
		{"weight_tying", c.TieWordEmbeddings},
		{"eos_token_id", eos},
		{"pad_token_id", pad},
		{"init_std", c.InitializerRange},
		{"norm_after", norms},
	} {
		y.line("  "+f.key, f.value)
	}
	return y.out, nil
}

// endTokens returns the ids that the training codes want exactly one of each:
// the end of a text and, where there is no other, the same as padding.
func (c *Config) endTokens(where string) (eos, pad int64, err error) {
	if len(c.EOSTokenID) != 1 {
		return 0, 0, fmt.Errorf("eos_token_id: found %v, expected one id in %s", c.EOSTokenID, where)
	}
	return c.EOSTokenID[0], or(c.PadTokenID, c.EOSTokenID[0]), nil
}
