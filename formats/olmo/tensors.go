package olmo

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"olmotool/formats"
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

// hasNorms reports whether the norms have weights; OLMo 1's have none.
func (c *Config) hasNorms() bool { return c.ModelType != OLMo1 }

// Parameters returns the number of elements of all tensors of the config.
func (c *Config) Parameters() (int64, error) {
	var n int64
	for _, s := range c.Tensors() {
		e, err := formats.ElementsOf(s.Shape)
		if err != nil {
			return 0, err
		}
		if n, err = formats.AddChecked(n, e); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// arrange returns the given tensors in canonical order after checking that they
// are exactly the model's: none missing, none in excess, each of its shape.
// where is the path for messages.
func (c *Config) arrange(where string, ts []formats.Tensor) ([]formats.Tensor, error) {
	have := make(map[string]int, len(ts))
	for i, t := range ts {
		if j, ok := have[t.Name]; ok {
			return nil, formats.Errorf(where, "tensors", "found both %q and %q for %q, expected one", ts[j].Origin.Name, t.Origin.Name, t.Name)
		}
		have[t.Name] = i
	}
	out := make([]formats.Tensor, 0, len(ts))
	var missing []string
	for _, s := range c.Tensors() {
		i, ok := have[s.Name]
		if !ok {
			missing = append(missing, s.Name)
			continue
		}
		delete(have, s.Name)
		if t := ts[i]; !slices.Equal(t.Shape, s.Shape) {
			return nil, formats.Errorf(where, fmt.Sprintf("tensor %q", originName(t)), "found shape %v, expected %v from the config", t.Shape, s.Shape)
		}
		out = append(out, ts[i])
	}
	var extra []string
	for name, i := range have {
		if ts[i].Origin.Name != "" && ts[i].Origin.Name != name {
			name = fmt.Sprintf("%s (stored as %s)", name, ts[i].Origin.Name)
		}
		extra = append(extra, name)
	}
	sort.Strings(extra)
	switch {
	case len(missing) > 0 && len(extra) > 0:
		return nil, formats.Errorf(where, "tensors", "found no %s; found %s, which a %s model of this config does not have", list(missing), list(extra), c.ModelType)
	case len(missing) > 0:
		return nil, formats.Errorf(where, "tensors", "found no %s, expected by the config", list(missing))
	case len(extra) > 0:
		return nil, formats.Errorf(where, "tensors", "found %s, expected none by this name in a %s model of this config", list(extra), c.ModelType)
	}
	return out, nil
}

// list prints the first names of a list.
func list(names []string) string {
	const most = 5
	q := make([]string, 0, most+1)
	for _, n := range names[:min(len(names), most)] {
		q = append(q, fmt.Sprintf("%q", n))
	}
	if len(names) > most {
		q = append(q, fmt.Sprintf("… (%d in all)", len(names)))
	}
	return strings.Join(q, ", ")
}

func originName(t formats.Tensor) string {
	if t.Origin.Name != "" {
		return t.Origin.Name
	}
	return t.Name
}
