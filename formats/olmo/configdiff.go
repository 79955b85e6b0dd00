package olmo

import "fmt"

// Change is a field in which two configs differ.
type Change struct {
	Field string // as config.json names it
	A, B  any    // numbers, strings and truth values
}

// Diff is [Config.Changes] as lines, c's value first.
func (c *Config) Diff(o *Config) []string {
	var d []string
	for _, x := range c.Changes(o) {
		d = append(d, fmt.Sprintf("%s: %v and %v", x.Field, x.A, x.B))
	}
	return d
}

// Changes returns what differs between two configs in the function that they
// describe; nothing of names, token ids or training. Floats are compared as float32, which is what they are used in
// and what GGUF keeps. Whether the head is tied is left to the tensors: one
// that is a copy of the embedding is the same function.
func (c *Config) Changes(o *Config) []Change {
	var d []Change
	cmp := func(field string, a, b any) {
		if a != b {
			d = append(d, Change{field, a, b})
		}
	}
	rope := func(name string, a, b Rope) {
		a.diff(b, func(setting string, x, y any) { cmp(name+": "+setting, x, y) })
	}
	cmp("model_type", c.ModelType, o.ModelType)
	cmp("vocab_size", c.VocabSize, o.VocabSize)
	cmp("hidden_size", c.HiddenSize, o.HiddenSize)
	cmp("intermediate_size", c.IntermediateSize, o.IntermediateSize)
	cmp("num_hidden_layers", c.NumHiddenLayers, o.NumHiddenLayers)
	cmp("num_attention_heads", c.NumAttentionHeads, o.NumAttentionHeads)
	cmp("num_key_value_heads", c.NumKeyValueHeads, o.NumKeyValueHeads)
	cmp("head_dim", c.HeadDim, o.HeadDim)
	cmp("hidden_act", c.HiddenAct, o.HiddenAct)
	cmp("rms_norm_eps", float32(c.RMSNormEps), float32(o.RMSNormEps))
	cmp("clip_qkv", float32(or(c.ClipQKV, 0)), float32(or(o.ClipQKV, 0)))
	rope("rope", c.Rope, o.Rope)
	if c.ModelType == OLMo3 && o.ModelType == OLMo3 {
		a, b := c.RopeSliding, o.RopeSliding
		if c.flatRope() || o.flatRope() {
			// A config whose rope is not split by layer type leaves the sliding
			// layers' theta to its reader.
			b.Theta = a.Theta
		}
		rope("rope of sliding layers", a, b)
		cmp("sliding_window", c.SlidingWindow, o.SlidingWindow)
		for i := range min(len(c.LayerTypes), len(o.LayerTypes)) {
			cmp(fmt.Sprintf("layer_types[%d]", i), c.LayerTypes[i], o.LayerTypes[i])
		}
	}
	return d
}

// or returns *p, or def when p is nil.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
