package olmo

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Limits that a config may reach. They are far above any model, and keep
// products of two of them, and loops over layers, harmless.
const (
	maxLayers  = 1 << 14
	maxDim     = 1 << 26
	maxContext = 1<<31 - 1 // GGUF has 32 bits for it
)

// Validate checks that the fields describe a model that can exist: every
// dimension positive and bounded, heads that divide, layer types for each
// layer, settings that can be computed with in float32. The error begins with
// the name of the field.
func (c *Config) Validate() error {
	if _, ok := architectures[c.ModelType]; !ok {
		return fmt.Errorf("model_type: found %q, expected one of %q, %q, %q", c.ModelType, OLMo1, OLMo2, OLMo3)
	}
	for _, f := range []struct {
		name string
		v    int64
		max  int64
	}{
		{"vocab_size", c.VocabSize, maxDim},
		{"hidden_size", c.HiddenSize, maxDim},
		{"intermediate_size", c.IntermediateSize, maxDim},
		{"num_hidden_layers", c.NumHiddenLayers, maxLayers},
		{"num_attention_heads", c.NumAttentionHeads, maxDim},
		{"num_key_value_heads", c.NumKeyValueHeads, maxDim},
		{"head_dim", c.HeadDim, maxDim},
		{"max_position_embeddings", c.MaxPositionEmbeddings, maxContext},
	} {
		if err := between(f.name, f.v, f.max); err != nil {
			return err
		}
	}
	switch {
	case c.NumAttentionHeads%c.NumKeyValueHeads != 0:
		return fmt.Errorf("num_key_value_heads: found %d, expected a divisor of num_attention_heads %d", c.NumKeyValueHeads, c.NumAttentionHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("head_dim: found %d, expected an even number: rotary embeddings turn pairs", c.HeadDim)
	case c.HeadDim > maxDim/c.NumAttentionHeads:
		return fmt.Errorf("head_dim: found %d for %d heads, expected a product of at most %d", c.HeadDim, c.NumAttentionHeads, maxDim)
	case c.AttentionBias:
		return errors.New("attention_bias: found true, expected false: no OLMo model has biases")
	case c.HiddenAct != "silu":
		return fmt.Errorf("hidden_act: found %q, expected \"silu\"", c.HiddenAct)
	case c.ClipQKV != nil && c.ModelType != OLMo1:
		return fmt.Errorf("clip_qkv: found %v, expected none in %s", *c.ClipQKV, c.ModelType)
	}
	return c.validateNumbers()
}

// validateNumbers checks what is no dimension.
func (c *Config) validateNumbers() error {
	if c.hasNorms() {
		if err := positive("rms_norm_eps", c.RMSNormEps); err != nil {
			return err
		}
	}
	if c.ClipQKV != nil {
		if err := positive("clip_qkv", *c.ClipQKV); err != nil {
			return err
		}
	}
	if err := atLeast("initializer_range", c.InitializerRange, 0); err != nil {
		return err
	}
	if err := c.Rope.validate("rope_theta", "rope_scaling."); err != nil {
		return err
	}
	if c.ModelType != OLMo3 {
		return nil
	}
	const sliding = "rope_parameters.sliding_attention."
	if err := c.RopeSliding.validate(sliding+"rope_theta", sliding); err != nil {
		return err
	}
	if int64(len(c.LayerTypes)) != c.NumHiddenLayers {
		return fmt.Errorf("layer_types: found %d entries, expected %d, one per layer", len(c.LayerTypes), c.NumHiddenLayers)
	}
	for i, t := range c.LayerTypes {
		if t != FullAttention && t != SlidingAttention {
			return fmt.Errorf("layer_types[%d]: found %q, expected %q or %q", i, t, FullAttention, SlidingAttention)
		}
	}
	if slices.Contains(c.LayerTypes, SlidingAttention) {
		return between("sliding_window", c.SlidingWindow, maxContext)
	}
	return nil
}

func between(field string, v, most int64) error {
	if v < 1 || v > most {
		return fmt.Errorf("%s: found %d, expected 1 to %d", field, v, most)
	}
	return nil
}

// positive checks a number that is computed with in float32.
func positive(field string, v float64) error { return atLeast(field, v, math.SmallestNonzeroFloat32) }

func atLeast(field string, v, least float64) error {
	if !(v >= least && v <= math.MaxFloat32) {
		return fmt.Errorf("%s: found %v, expected %v to %v", field, v, float32(least), float32(math.MaxFloat32))
	}
	return nil
}
