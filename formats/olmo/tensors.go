package olmo

import (
	"fmt"
	"strings"
)

// Names of the tensors that are not in a layer.
const (
	embedName = "model.embed_tokens.weight"
	normName  = "model.norm.weight"
	headName  = "lm_head.weight"
)

// Spec is a tensor that a model has.
type Spec struct {
	Name  string
	Shape []int64
}

// Tensors returns the canonical tensors of the model in the order of
// transformers' state dict of a freshly made model.
func (c *Config) Tensors() []Spec {
	q := c.NumAttentionHeads * c.HeadDim
	kv := c.NumKeyValueHeads * c.HeadDim
	specs := []Spec{{embedName, []int64{c.VocabSize, c.HiddenSize}}}
	for i := range c.NumHiddenLayers {
		add := func(name string, shape ...int64) {
			specs = append(specs, Spec{fmt.Sprintf("model.layers.%d.%s.weight", i, name), shape})
		}
		add("self_attn.q_proj", q, c.HiddenSize)
		add("self_attn.k_proj", kv, c.HiddenSize)
		add("self_attn.v_proj", kv, c.HiddenSize)
		add("self_attn.o_proj", c.HiddenSize, q)
		if c.hasNorms() {
			add("self_attn.q_norm", q)
			add("self_attn.k_norm", kv)
		}
		add("mlp.gate_proj", c.IntermediateSize, c.HiddenSize)
		add("mlp.up_proj", c.IntermediateSize, c.HiddenSize)
		add("mlp.down_proj", c.HiddenSize, c.IntermediateSize)
		if c.hasNorms() {
			add("post_attention_layernorm", c.HiddenSize)
			add("post_feedforward_layernorm", c.HiddenSize)
		}
	}
	if c.hasNorms() {
		specs = append(specs, Spec{normName, []int64{c.HiddenSize}})
	}
	if !c.TieWordEmbeddings {
		specs = append(specs, Spec{headName, []int64{c.VocabSize, c.HiddenSize}})
	}
	return specs
}

// cutLayer splits PREFIX7.MODULE.weight into "7" and MODULE.
func cutLayer(name, prefix string) (layer, module string, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", "", false
	}
	layer, rest, ok = strings.Cut(rest, ".")
	if !ok || layer == "" || strings.Trim(layer, "0123456789") != "" || len(layer) > 1 && layer[0] == '0' {
		return "", "", false
	}
	module, ok = strings.CutSuffix(rest, ".weight")
	return layer, module, ok
}

// layerName is the canonical name of a tensor in a layer.
func layerName(layer, module string) string {
	return "model.layers." + layer + "." + module + ".weight"
}

// inverse turns a table of names around.
func inverse(names map[string]string) map[string]string {
	back := make(map[string]string, len(names))
	for a, b := range names {
		back[b] = a
	}
	return back
}
