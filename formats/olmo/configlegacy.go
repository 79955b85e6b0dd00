package olmo

import (
	"fmt"
	"math"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
)

// maxYAML bounds a config.yaml; a real one has some 20 kB.
const maxYAML = 4 << 20

// legacyModel is the part "model" of the trainer's config.yaml. Fields that the
// trainer has had a default for are pointers.
type legacyModel struct {
	DModel                       int64    `yaml:"d_model"`
	NHeads                       int64    `yaml:"n_heads"`
	NKVHeads                     *int64   `yaml:"n_kv_heads"`
	NLayers                      int64    `yaml:"n_layers"`
	MLPRatio                     *float64 `yaml:"mlp_ratio"`
	MLPHiddenSize                *int64   `yaml:"mlp_hidden_size"`
	ActivationType               *string  `yaml:"activation_type"`
	BlockType                    *string  `yaml:"block_type"`
	BlockGroupSize               *int64   `yaml:"block_group_size"`
	Alibi                        *bool    `yaml:"alibi"`
	Rope                         *bool    `yaml:"rope"`
	RopeFullPrecision            *bool    `yaml:"rope_full_precision"`
	RopeTheta                    *float64 `yaml:"rope_theta"`
	ClipQKV                      *float64 `yaml:"clip_qkv"`
	AttentionLayerNorm           *bool    `yaml:"attention_layer_norm"`
	AttentionLayerNormWithAffine *bool    `yaml:"attention_layer_norm_with_affine"`
	MultiQueryAttention          *bool    `yaml:"multi_query_attention"`
	LayerNormType                *string  `yaml:"layer_norm_type"`
	LayerNormWithAffine          *bool    `yaml:"layer_norm_with_affine"`
	LayerNormEps                 *float64 `yaml:"layer_norm_eps"`
	BiasForLayerNorm             *bool    `yaml:"bias_for_layer_norm"`
	NormAfter                    *bool    `yaml:"norm_after"`
	ScaleLogits                  *bool    `yaml:"scale_logits"`
	IncludeBias                  *bool    `yaml:"include_bias"`
	WeightTying                  *bool    `yaml:"weight_tying"`
	MaxSequenceLength            *int64   `yaml:"max_sequence_length"`
	VocabSize                    int64    `yaml:"vocab_size"`
	EmbeddingSize                *int64   `yaml:"embedding_size"`
	EOSTokenID                   *int64   `yaml:"eos_token_id"`
	PadTokenID                   *int64   `yaml:"pad_token_id"`
	InitStd                      *float64 `yaml:"init_std"`
}

type legacyConfig struct {
	config         *Config
	blockGroupSize int64
}

// or returns *p, or def when p is nil.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// parseLegacyConfig translates a config.yaml, and refuses what an OLMo 1 or
// OLMo 2 of transformers does not do.
func parseLegacyConfig(data []byte, file string) (*legacyConfig, error) {
	if len(data) > maxYAML {
		return nil, formats.Errorf(file, "", "found %d bytes, expected at most %d", len(data), maxYAML)
	}
	var doc struct {
		Model *legacyModel `yaml:"model"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, formats.Errorf(file, "", "found YAML that cannot be read: %w", err)
	}
	m := doc.Model
	if m == nil {
		return nil, formats.Errorf(file, "", "found no \"model\", expected the trainer's config")
	}
	bad := func(field string, found, expected any) (*legacyConfig, error) {
		return nil, formats.Errorf(file, "model."+field, "found %v, expected %v", found, expected)
	}
	norm := or(m.LayerNormType, "default")
	c := &Config{
		HiddenSize:            m.DModel,
		NumHiddenLayers:       m.NLayers,
		NumAttentionHeads:     m.NHeads,
		NumKeyValueHeads:      or(m.NKVHeads, m.NHeads),
		MaxPositionEmbeddings: or(m.MaxSequenceLength, 1024),
		TieWordEmbeddings:     or(m.WeightTying, true),
		HiddenAct:             "silu",
		InitializerRange:      or(m.InitStd, 0.02),
		VocabSize:             or(m.EmbeddingSize, m.VocabSize),
		PadTokenID:            m.PadTokenID,
		Rope:                  Rope{Type: "default", Theta: or(m.RopeTheta, 10000)},
	}
	if m.NKVHeads == nil && or(m.MultiQueryAttention, false) {
		c.NumKeyValueHeads = 1
	}
	if m.EOSTokenID != nil {
		c.EOSTokenID = []int64{*m.EOSTokenID}
	}
	if m.MLPHiddenSize != nil {
		c.IntermediateSize = *m.MLPHiddenSize / 2
	} else {
		hidden := or(m.MLPRatio, 4) * float64(m.DModel)
		if math.IsNaN(hidden) || hidden != math.Trunc(hidden) || hidden < 2 || hidden > maxDim {
			return bad("mlp_ratio", or(m.MLPRatio, 4), "one that gives a whole number of rows")
		}
		c.IntermediateSize = int64(hidden) / 2
	}
	switch norm {
	case "rms":
		c.ModelType, c.RMSNormEps = OLMo2, or(m.LayerNormEps, 1e-5)
		if !or(m.LayerNormWithAffine, true) {
			return bad("layer_norm_with_affine", false, "true with layer_norm_type rms")
		}
		if !or(m.AttentionLayerNorm, false) {
			return bad("attention_layer_norm", false, "true with layer_norm_type rms")
		}
		if !or(m.AttentionLayerNormWithAffine, true) {
			return bad("attention_layer_norm_with_affine", false, true)
		}
		if !or(m.NormAfter, false) {
			return bad("norm_after", false, "true with layer_norm_type rms")
		}
		if m.ClipQKV != nil {
			return bad("clip_qkv", *m.ClipQKV, "null with layer_norm_type rms")
		}
	case "default", "low_precision":
		c.ModelType, c.ClipQKV = OLMo1, m.ClipQKV
		if or(m.LayerNormWithAffine, true) {
			return bad("layer_norm_with_affine", true, fmt.Sprintf("false with layer_norm_type %s", norm))
		}
		if or(m.AttentionLayerNorm, false) {
			return bad("attention_layer_norm", true, fmt.Sprintf("false with layer_norm_type %s", norm))
		}
		if or(m.NormAfter, false) {
			return bad("norm_after", true, fmt.Sprintf("false with layer_norm_type %s", norm))
		}
	default:
		return bad("layer_norm_type", fmt.Sprintf("%q", norm), "rms, default or low_precision")
	}
	for _, f := range []struct {
		field string
		found any
		want  any
	}{
		{"rope", or(m.Rope, false), true},
		{"alibi", or(m.Alibi, false), false},
		{"include_bias", or(m.IncludeBias, true), false},
		{"scale_logits", or(m.ScaleLogits, false), false},
		{"block_type", or(m.BlockType, "sequential"), "sequential"},
		{"activation_type", or(m.ActivationType, "swiglu"), "swiglu"},
	} {
		if f.found != f.want {
			return bad(f.field, f.found, f.want)
		}
	}
	group := or(m.BlockGroupSize, 1)
	if group < 1 || group > maxLayers {
		return bad("block_group_size", group, fmt.Sprintf("1 to %d", maxLayers))
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "model", "%w", err)
	}
	return &legacyConfig{c, group}, nil
}

// encodeLegacy returns the config.yaml for the model, or an error naming what
// the trainer's model could not do.
func (c *Config) encodeLegacy() ([]byte, error) {
	if c.ModelType == OLMo3 {
		return nil, fmt.Errorf("model_type: found %q, expected %q or %q: the legacy layout has no sliding windows", c.ModelType, OLMo1, OLMo2)
	}
	if c.Rope.Scaled() {
		return nil, fmt.Errorf("rope_scaling: found %q, expected none: the legacy layout has no scaled rope", c.Rope.Type)
	}
	if c.HeadDim*c.NumAttentionHeads != c.HiddenSize {
		return nil, fmt.Errorf("head_dim: found %d, expected %d: the legacy layout divides hidden_size among the heads", c.HeadDim, c.HiddenSize/c.NumAttentionHeads)
	}
	if len(c.EOSTokenID) > 1 {
		return nil, fmt.Errorf("eos_token_id: found %v, expected one id in the legacy layout", c.EOSTokenID)
	}
	norms := c.hasNorms()
	m := legacyModel{
		DModel: c.HiddenSize, NHeads: c.NumAttentionHeads, NKVHeads: &c.NumKeyValueHeads, NLayers: c.NumHiddenLayers,
		MLPHiddenSize: ptr(2 * c.IntermediateSize), ActivationType: ptr("swiglu"), BlockType: ptr("sequential"),
		BlockGroupSize: ptr(int64(1)), Alibi: ptr(false), Rope: ptr(true), RopeFullPrecision: ptr(true), RopeTheta: &c.Rope.Theta,
		ClipQKV: c.ClipQKV, AttentionLayerNorm: &norms, AttentionLayerNormWithAffine: &norms, MultiQueryAttention: ptr(false),
		LayerNormType: ptr("default"), LayerNormWithAffine: &norms, LayerNormEps: ptr(1e-5), BiasForLayerNorm: ptr(false),
		NormAfter: &norms, ScaleLogits: ptr(false), IncludeBias: ptr(false), WeightTying: &c.TieWordEmbeddings,
		MaxSequenceLength: &c.MaxPositionEmbeddings, VocabSize: c.VocabSize, EmbeddingSize: &c.VocabSize,
		PadTokenID: c.PadTokenID, InitStd: &c.InitializerRange,
	}
	if norms {
		m.LayerNormType, m.LayerNormEps = ptr("rms"), &c.RMSNormEps
	}
	if len(c.EOSTokenID) == 1 {
		m.EOSTokenID = &c.EOSTokenID[0]
	}
	return yaml.Marshal(map[string]any{"model": m})
}
