package olmo

import (
	"fmt"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// GGUFArch returns general.architecture of the model. OLMo 3 is to llama.cpp an
// OLMo 2 with a sliding window.
func (c *Config) GGUFArch() string {
	if c.ModelType == OLMo1 {
		return "olmo"
	}
	return "olmo2"
}

// ggufFileTypes are the values of general.file_type for types of weights.
var ggufFileTypes = map[formats.DType]uint32{
	formats.F32: 0, formats.F16: 1, formats.Q8_0: 7, formats.BF16: 32,
}

// ggufKVs returns the key-values of the architecture, in the order of the
// official converter, or an error naming what llama.cpp cannot express.
func (c *Config) ggufKVs(weights formats.DType) ([]gguf.KV, []formats.Finding, error) {
	fileType, ok := ggufFileTypes[weights]
	switch {
	case !ok:
		return nil, nil, fmt.Errorf("found weights of %s, expected F32, F16, BF16 or Q8_0 in a GGUF", weights)
	case c.oddHeadDim():
		return nil, nil, fmt.Errorf("head_dim: found %d, expected %d heads to share hidden_size %d: llama.cpp divides it among them", c.HeadDim, c.NumAttentionHeads, c.HiddenSize)
	case c.ModelType == OLMo3 && c.RopeSliding.Scaled():
		return nil, nil, fmt.Errorf("rope_parameters.sliding_attention.rope_type: found %q, expected %q: llama.cpp scales full-attention layers only", c.RopeSliding.Type, ropeDefault)
	}
	w := ggufWriter{arch: c.GGUFArch() + "."}
	w.int("block_count", c.NumHiddenLayers)
	w.int("context_length", c.MaxPositionEmbeddings)
	w.int("embedding_length", c.HiddenSize)
	w.int("feed_forward_length", c.IntermediateSize)
	w.int("attention.head_count", c.NumAttentionHeads)
	w.int("attention.head_count_kv", c.NumKeyValueHeads)
	w.rope(c.Rope)
	var findings []formats.Finding
	if c.ModelType == OLMo3 {
		theta := c.RopeSliding.Theta
		if c.flatRope() && theta != olmo3Theta {
			findings = append(findings, formats.Finding{
				Severity: formats.Warning, Code: "sliding-theta", Where: w.arch + "rope.freq_base_swa",
				Message: fmt.Sprintf("the official converter takes %v for sliding layers of a config in the spelling of transformers 4, whatever its rope_theta (here %v); written as it does", olmo3Theta, theta),
			})
			theta = olmo3Theta
		}
		w.float("rope.freq_base_swa", &theta)
	}
	if c.hasNorms() {
		w.float("attention.layer_norm_rms_epsilon", &c.RMSNormEps)
	}
	if c.HF != nil && fieldsOf(c.HF).has("head_dim") {
		w.int("attention.key_length", c.HeadDim)
		w.int("attention.value_length", c.HeadDim)
	}
	w.kvs = append(w.kvs, gguf.KV{Key: "general.file_type", Value: fileType})
	switch c.ModelType {
	case OLMo1:
		w.add("attention.layer_norm_epsilon", float32(1e-5))
		w.float("attention.clamp_kqv", c.ClipQKV)
	case OLMo3:
		w.int("attention.sliding_window", c.SlidingWindow)
		pattern := make([]bool, len(c.LayerTypes))
		for i, t := range c.LayerTypes {
			pattern[i] = t == SlidingAttention
		}
		w.add("attention.sliding_window_pattern", pattern)
	}
	return w.kvs, findings, nil
}

// flatRope reports whether the config came from a config.json whose rope
// settings are not split by layer type.
func (c *Config) flatRope() bool {
	if c.HF == nil {
		return false
	}
	p, _ := c.HF.Get("rope_parameters")
	o, ok := p.(*ordjson.Object)
	return !ok || !fieldsOf(o).has(FullAttention) && !fieldsOf(o).has(SlidingAttention)
}

// ggufWriter collects the key-values of one architecture.
type ggufWriter struct {
	arch string
	kvs  []gguf.KV
}

func (w *ggufWriter) add(key string, v any) {
	w.kvs = append(w.kvs, gguf.KV{Key: w.arch + key, Value: v})
}

// int adds a number that Validate has found to fit.
func (w *ggufWriter) int(key string, n int64) { w.add(key, uint32(n)) }

func (w *ggufWriter) float(key string, v *float64) {
	if v != nil {
		w.add(key, float32(*v))
	}
}

// rope adds the settings of full-attention layers.
func (w *ggufWriter) rope(r Rope) {
	if r.Scaled() {
		w.add("rope.scaling.type", r.Type)
		w.float("rope.scaling.factor", &r.Factor)
	}
	if r.Type == ropeYaRN {
		w.int("rope.scaling.original_context_length", r.OriginalMaxPositions)
		w.float("rope.scaling.yarn_ext_factor", r.ExtrapolationFactor)
		w.float("rope.scaling.yarn_attn_factor", r.AttentionFactor)
		w.float("rope.scaling.yarn_beta_fast", r.BetaFast)
		w.float("rope.scaling.yarn_beta_slow", r.BetaSlow)
	}
	w.float("rope.freq_base", &r.Theta)
}
