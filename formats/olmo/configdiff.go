package olmo

import (
	"fmt"
	"slices"
)

// Diff returns what differs between two configs in the function that they
// describe, a line for each field, c's value first; nothing of names, token ids
// or training. Floats are compared as float32, which is what they are used in
// and what GGUF keeps.
func (c *Config) Diff(o *Config) []string {
	var d []string
	cmp := func(field string, a, b any) {
		if a != b {
			d = append(d, fmt.Sprintf("%s: %v and %v", field, a, b))
		}
	}
	f32 := func(field string, a, b float64) { cmp(field, float32(a), float32(b)) }
	opt := func(field string, a, b *float64, def float64) { f32(field, or(a, def), or(b, def)) }
	rope := func(field string, a, b Rope) {
		cmp(field+" type", a.Type, b.Type)
		f32(field+" theta", a.Theta, b.Theta)
		f32(field+" factor", a.Factor, b.Factor)
		cmp(field+" original_max_position_embeddings", a.OriginalMaxPositions, b.OriginalMaxPositions)
		opt(field+" beta_fast", a.BetaFast, b.BetaFast, 32)
		opt(field+" beta_slow", a.BetaSlow, b.BetaSlow, 1)
		if a.Type == "yarn" && b.Type == "yarn" {
			opt(field+" attention_factor", a.AttentionFactor, b.AttentionFactor, yarnAttention(a.Factor))
		}
	}
	cmp("model_type", c.ModelType, o.ModelType)
	cmp("vocab_size", c.VocabSize, o.VocabSize)
	cmp("hidden_size", c.HiddenSize, o.HiddenSize)
	cmp("intermediate_size", c.IntermediateSize, o.IntermediateSize)
	cmp("num_hidden_layers", c.NumHiddenLayers, o.NumHiddenLayers)
	cmp("num_attention_heads", c.NumAttentionHeads, o.NumAttentionHeads)
	cmp("num_key_value_heads", c.NumKeyValueHeads, o.NumKeyValueHeads)
	cmp("head_dim", c.HeadDim, o.HeadDim)
	cmp("tie_word_embeddings", c.TieWordEmbeddings, o.TieWordEmbeddings)
	cmp("hidden_act", c.HiddenAct, o.HiddenAct)
	f32("rms_norm_eps", c.RMSNormEps, o.RMSNormEps)
	opt("clip_qkv", c.ClipQKV, o.ClipQKV, 0)
	rope("rope", c.Rope, o.Rope)
	if c.ModelType == OLMo3 {
		// A config whose rope is not split by layer type leaves the sliding
		// layers' theta to its reader.
		if !c.flatRope() && !o.flatRope() {
			rope("rope of sliding layers", c.RopeSliding, o.RopeSliding)
		}
		cmp("sliding_window", c.SlidingWindow, o.SlidingWindow)
		if !slices.Equal(c.LayerTypes, o.LayerTypes) {
			d = append(d, fmt.Sprintf("layer_types: %v and %v", c.LayerTypes, o.LayerTypes))
		}
	}
	return d
}
