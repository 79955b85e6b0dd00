package olmo

import (
	"errors"
	"fmt"
	"slices"

	"olmotool/internal/ordjson"
)

// Model types, as config.json names them.
const (
	OLMo1 = "olmo"
	OLMo2 = "olmo2"
	OLMo3 = "olmo3"
)

// Layer types of OLMo 3.
const (
	FullAttention    = "full_attention"
	SlidingAttention = "sliding_attention"
)

// Config describes a model. Fields are named as in Hugging Face's config.json,
// where a config of any other layout is translated to.
type Config struct {
	ModelType             string // OLMo1, OLMo2 or OLMo3
	VocabSize             int64  // rows of the embedding, padding included
	HiddenSize            int64
	IntermediateSize      int64
	NumHiddenLayers       int64
	NumAttentionHeads     int64
	NumKeyValueHeads      int64
	HeadDim               int64 // HiddenSize / NumAttentionHeads in every released model
	MaxPositionEmbeddings int64
	RMSNormEps            float64 // OLMo 2 and 3
	ClipQKV               *float64
	TieWordEmbeddings     bool
	AttentionBias         bool
	HiddenAct             string
	InitializerRange      float64

	Rope        Rope // of full-attention layers: all layers, except in OLMo 3
	RopeSliding Rope // of OLMo 3's sliding layers

	SlidingWindow int64    // OLMo 3
	LayerTypes    []string // OLMo 3, one per layer

	BOSTokenID *int64
	EOSTokenID []int64 // usually one
	PadTokenID *int64

	// HF is the config.json that the config was read from, or nil. What a
	// conversion does not change it writes back as it was.
	HF *ordjson.Object
	// hfText is the text of HF.
	hfText []byte
}

// Rope describes rotary position embeddings.
type Rope struct {
	Type  string // "default", "linear" or "yarn"
	Theta float64
	// The rest is for scaled types; zero where not given.
	Factor               float64
	OriginalMaxPositions int64
	BetaFast, BetaSlow   *float64
	AttentionFactor      *float64
	ExtrapolationFactor  *float64 // llama.cpp knows it, no released model has it
}

// Scaled reports whether r is anything but plain rotary embeddings.
func (r Rope) Scaled() bool { return r.Type != "default" }

// Limits that a config may reach. They are far above any model and keep
// products of two of them, and loops over layers, harmless.
const (
	maxLayers = 1 << 14
	maxDim    = 1 << 26
)

// Validate checks that the fields describe a model that can exist: every
// dimension positive and bounded, heads that divide, layer types for each layer.
func (c *Config) Validate() error {
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
		{"max_position_embeddings", c.MaxPositionEmbeddings, 1 << 40},
	} {
		if f.v < 1 || f.v > f.max {
			return fmt.Errorf("%s: found %d, expected 1 to %d", f.name, f.v, f.max)
		}
	}
	if c.NumAttentionHeads%c.NumKeyValueHeads != 0 {
		return fmt.Errorf("num_key_value_heads: found %d, expected a divisor of num_attention_heads %d", c.NumKeyValueHeads, c.NumAttentionHeads)
	}
	if c.HeadDim > maxDim/c.NumAttentionHeads {
		return fmt.Errorf("head_dim: found %d for %d heads, expected a product of at most %d", c.HeadDim, c.NumAttentionHeads, maxDim)
	}
	switch c.ModelType {
	case OLMo1, OLMo2:
	case OLMo3:
		if int64(len(c.LayerTypes)) != c.NumHiddenLayers {
			return fmt.Errorf("layer_types: found %d entries, expected %d, one per layer", len(c.LayerTypes), c.NumHiddenLayers)
		}
		for i, t := range c.LayerTypes {
			if t != FullAttention && t != SlidingAttention {
				return fmt.Errorf("layer_types[%d]: found %q, expected %q or %q", i, t, FullAttention, SlidingAttention)
			}
		}
		if slices.Contains(c.LayerTypes, SlidingAttention) && c.SlidingWindow < 1 {
			return fmt.Errorf("sliding_window: found %d, expected a positive number", c.SlidingWindow)
		}
	default:
		return fmt.Errorf("model_type: found %q, expected one of %q, %q, %q", c.ModelType, OLMo1, OLMo2, OLMo3)
	}
	if c.AttentionBias {
		return errors.New("attention_bias: found true, expected false: no OLMo model has biases")
	}
	if c.HiddenAct != "silu" {
		return fmt.Errorf("hidden_act: found %q, expected \"silu\"", c.HiddenAct)
	}
	if c.ClipQKV != nil && c.ModelType != OLMo1 {
		return fmt.Errorf("clip_qkv: found %v, expected none in %s", *c.ClipQKV, c.ModelType)
	}
	return nil
}

// setDefaults fills what follows from other fields.
func (c *Config) setDefaults() {
	if c.NumKeyValueHeads == 0 {
		c.NumKeyValueHeads = c.NumAttentionHeads
	}
	if c.HeadDim == 0 && c.NumAttentionHeads > 0 {
		c.HeadDim = c.HiddenSize / c.NumAttentionHeads
	}
	if c.ModelType == OLMo3 && c.LayerTypes == nil && c.NumHiddenLayers > 0 && c.NumHiddenLayers <= maxLayers {
		for i := range c.NumHiddenLayers {
			if (i+1)%4 == 0 {
				c.LayerTypes = append(c.LayerTypes, FullAttention)
			} else {
				c.LayerTypes = append(c.LayerTypes, SlidingAttention)
			}
		}
	}
}
