package olmo

import "olmotool/internal/ordjson"

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
// into which a config of any other layout is translated.
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
	RMSNormEps            float64  // OLMo 2 and 3
	ClipQKV               *float64 // OLMo 1
	TieWordEmbeddings     bool
	AttentionBias         bool
	HiddenAct             string
	InitializerRange      float64

	Rope        Rope // of full-attention layers: all layers, except in OLMo 3
	RopeSliding Rope // OLMo 3: of sliding layers

	SlidingWindow int64    // OLMo 3: tokens that a sliding layer sees, the current one included
	LayerTypes    []string // OLMo 3: one per layer

	BOSTokenID *int64
	EOSTokenID []int64 // usually one
	PadTokenID *int64

	// HF is the config.json that the config was read from, or nil. What a
	// conversion does not change it writes back as it was.
	HF *ordjson.Object
	// hfText is the text of HF.
	hfText []byte
}

// setDefaults fills what follows from other fields, where they say nothing.
func (c *Config) setDefaults() {
	if c.HeadDim == 0 && c.NumAttentionHeads > 0 {
		c.HeadDim = c.HiddenSize / c.NumAttentionHeads
	}
	if c.ModelType == OLMo3 && c.LayerTypes == nil && c.NumHiddenLayers <= maxLayers {
		for i := range c.NumHiddenLayers {
			c.LayerTypes = append(c.LayerTypes, layerType((i+1)%4 != 0))
		}
	}
}

func layerType(sliding bool) string {
	if sliding {
		return SlidingAttention
	}
	return FullAttention
}

// hasNorms reports whether the norms have weights; OLMo 1's have none.
func (c *Config) hasNorms() bool { return c.ModelType != OLMo1 }

// oddHeadDim reports whether the heads do not simply share the hidden size.
func (c *Config) oddHeadDim() bool { return c.HeadDim*c.NumAttentionHeads != c.HiddenSize }
