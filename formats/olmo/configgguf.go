package olmo

import (
	"fmt"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// ggufArch is general.architecture, by model type. OLMo 3 is to llama.cpp an
// OLMo 2 with a sliding window.
var ggufArch = map[string]string{OLMo1: "olmo", OLMo2: "olmo2", OLMo3: "olmo2"}

// GGUFArch returns general.architecture of the model.
func (c *Config) GGUFArch() string { return ggufArch[c.ModelType] }

// ggufFileTypes are the values of general.file_type for types of weights.
var ggufFileTypes = map[formats.DType]uint32{
	formats.F32: 0, formats.F16: 1, formats.Q8_0: 7, formats.BF16: 32,
}

// ggufKVs returns the key-values of the architecture, in the order of the
// official converter, or an error naming what llama.cpp cannot express.
func (c *Config) ggufKVs(weights formats.DType) ([]gguf.KV, []formats.Finding, error) {
	fileType, ok := ggufFileTypes[weights]
	if !ok {
		return nil, nil, fmt.Errorf("found weights of %s, expected F32, F16, BF16 or Q8_0 in a GGUF", weights)
	}
	var kvs []gguf.KV
	var findings []formats.Finding
	arch := c.GGUFArch()
	add := func(key string, v any) { kvs = append(kvs, gguf.KV{Key: arch + "." + key, Value: v}) }
	float := func(key string, v *float64) {
		if v != nil {
			add(key, float32(*v))
		}
	}
	add("block_count", uint32(c.NumHiddenLayers))
	add("context_length", uint32(c.MaxPositionEmbeddings))
	add("embedding_length", uint32(c.HiddenSize))
	add("feed_forward_length", uint32(c.IntermediateSize))
	add("attention.head_count", uint32(c.NumAttentionHeads))
	add("attention.head_count_kv", uint32(c.NumKeyValueHeads))
	if r := c.Rope; r.Scaled() {
		add("rope.scaling.type", r.Type)
		add("rope.scaling.factor", float32(r.Factor))
		if r.Type == "yarn" {
			add("rope.scaling.original_context_length", uint32(r.OriginalMaxPositions))
			float("rope.scaling.yarn_ext_factor", r.ExtrapolationFactor)
			float("rope.scaling.yarn_attn_factor", r.AttentionFactor)
			float("rope.scaling.yarn_beta_fast", r.BetaFast)
			float("rope.scaling.yarn_beta_slow", r.BetaSlow)
		}
	}
	add("rope.freq_base", float32(c.Rope.Theta))
	if c.ModelType == OLMo3 {
		if c.RopeSliding.Scaled() {
			return nil, nil, fmt.Errorf("rope_parameters.sliding_attention: found %q, expected \"default\": llama.cpp scales full-attention layers only", c.RopeSliding.Type)
		}
		theta := c.RopeSliding.Theta
		if c.flatRope() && theta != olmo3Theta {
			findings = append(findings, formats.Finding{
				Severity: formats.Warning, Code: "sliding-theta", Where: arch + ".rope.freq_base_swa",
				Message: fmt.Sprintf("the official converter takes %v for sliding layers of a config in the spelling of transformers 4, whatever its rope_theta (here %v); written as it does", olmo3Theta, theta),
			})
			theta = olmo3Theta
		}
		add("rope.freq_base_swa", float32(theta))
	}
	if c.hasNorms() {
		add("attention.layer_norm_rms_epsilon", float32(c.RMSNormEps))
	}
	if c.writesHeadDim() {
		add("attention.key_length", uint32(c.HeadDim))
		add("attention.value_length", uint32(c.HeadDim))
	}
	kvs = append(kvs, gguf.KV{Key: "general.file_type", Value: fileType})
	switch c.ModelType {
	case OLMo1:
		add("attention.layer_norm_epsilon", float32(1e-5))
		float("attention.clamp_kqv", c.ClipQKV)
	case OLMo3:
		add("attention.sliding_window", uint32(c.SlidingWindow))
		pattern := make([]bool, len(c.LayerTypes))
		for i, t := range c.LayerTypes {
			pattern[i] = t == SlidingAttention
		}
		add("attention.sliding_window_pattern", pattern)
	}
	return kvs, findings, nil
}

// olmo3Theta is the theta that transformers 5 gives sliding layers when a
// config does not speak of layer types.
const olmo3Theta = 500000.0

// flatRope reports whether the config came from a config.json whose rope
// settings are not split by layer type.
func (c *Config) flatRope() bool {
	if c.HF == nil {
		return false
	}
	v, _ := c.HF.Get("rope_parameters")
	o, ok := v.(*ordjson.Object)
	if !ok {
		return true
	}
	_, nested := o.Get(SlidingAttention)
	return !nested
}

// writesHeadDim reports whether the head size has to be said: when it is not
// what follows from the others, or when the source said it.
func (c *Config) writesHeadDim() bool {
	if c.HF != nil {
		v, _ := c.HF.Get("head_dim")
		return v != nil
	}
	return c.HeadDim*c.NumAttentionHeads != c.HiddenSize
}

// parseGGUFConfig makes a config of the key-values.
func parseGGUFConfig(f *gguf.File) (*Config, error) {
	k := &ggufFields{kvs: f.KVs}
	arch := lookup(k, "general.architecture", "")
	c := &Config{HiddenAct: "silu", InitializerRange: 0.02}
	switch arch {
	case "olmo":
		c.ModelType = OLMo1
	case "olmo2", "olmo3":
		c.ModelType = OLMo2
	default:
		return nil, formats.Errorf(f.Path, "general.architecture", "found %q, expected \"olmo\" or \"olmo2\"", arch)
	}
	k.arch = arch
	c.NumHiddenLayers = k.int("block_count")
	c.MaxPositionEmbeddings = k.int("context_length")
	c.HiddenSize = k.int("embedding_length")
	c.IntermediateSize = k.int("feed_forward_length")
	c.NumAttentionHeads = k.int("attention.head_count")
	c.NumKeyValueHeads = int64(lookup(k, arch+".attention.head_count_kv", uint32(c.NumAttentionHeads)))
	c.HeadDim = int64(lookup(k, arch+".attention.key_length", uint32(0)))
	c.Rope = Rope{Type: lookup(k, arch+".rope.scaling.type", "default"), Theta: or(k.float("rope.freq_base"), 10000)}
	switch c.Rope.Type {
	case "none":
		c.Rope.Type = "default"
	case "yarn":
		c.Rope.OriginalMaxPositions = int64(lookup(k, arch+".rope.scaling.original_context_length", uint32(0)))
		c.Rope.ExtrapolationFactor = k.float("rope.scaling.yarn_ext_factor")
		c.Rope.BetaFast, c.Rope.BetaSlow = k.float("rope.scaling.yarn_beta_fast"), k.float("rope.scaling.yarn_beta_slow")
		if c.Rope.AttentionFactor = k.float("rope.scaling.yarn_attn_factor"); c.Rope.AttentionFactor == nil {
			c.Rope.AttentionFactor = k.float("rope.scaling.attn_factor")
		}
		fallthrough
	case "linear":
		c.Rope.Factor = or(k.float("rope.scaling.factor"), 0)
	}
	c.RopeSliding = Rope{Type: "default", Theta: or(k.float("rope.freq_base_swa"), c.Rope.Theta)}
	if c.hasNorms() {
		c.RMSNormEps = or(k.float("attention.layer_norm_rms_epsilon"), 0)
	} else {
		c.ClipQKV = k.float("attention.clamp_kqv")
	}
	if w := lookup(k, arch+".attention.sliding_window", uint32(0)); w > 0 && c.ModelType == OLMo2 {
		c.ModelType, c.SlidingWindow = OLMo3, int64(w)
		for _, sliding := range lookup(k, arch+".attention.sliding_window_pattern", []bool(nil)) {
			c.LayerTypes = append(c.LayerTypes, map[bool]string{true: SlidingAttention, false: FullAttention}[sliding])
		}
	}
	c.BOSTokenID, c.PadTokenID = k.id("bos"), k.id("padding")
	if id := k.id("eos"); id != nil {
		c.EOSTokenID = []int64{*id}
	}
	if k.err != nil {
		return nil, formats.Errorf(f.Path, "key-values", "%w", k.err)
	}
	c.TieWordEmbeddings = !slices.ContainsFunc(f.Tensors, func(t formats.Tensor) bool { return t.Name == ggufHead })
	i := slices.IndexFunc(f.Tensors, func(t formats.Tensor) bool { return t.Name == ggufEmbed })
	if i < 0 || len(f.Tensors[i].Shape) != 2 {
		return nil, formats.Errorf(f.Path, "tensors", "found no matrix %q, expected the embedding", ggufEmbed)
	}
	c.VocabSize = f.Tensors[i].Shape[0]
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(f.Path, "key-values", "%w", err)
	}
	return c, nil
}

// ggufFields reads key-values and keeps the first error.
type ggufFields struct {
	kvs  []gguf.KV
	arch string
	err  error
}

func lookup[T any](k *ggufFields, key string, def T) T {
	v, ok, err := gguf.Lookup[T](k.kvs, key)
	if err != nil && k.err == nil {
		k.err = err
	}
	if !ok || err != nil {
		return def
	}
	return v
}

func (k *ggufFields) int(key string) int64 { return int64(lookup(k, k.arch+"."+key, uint32(0))) }

// float reads a float32 as the shortest decimal that it is the nearest to: an
// epsilon of 1e-6 is 1e-6 again, not 9.999999974752427e-07.
func (k *ggufFields) float(key string) *float64 {
	v, ok, err := gguf.Lookup[float32](k.kvs, k.arch+"."+key)
	if err != nil && k.err == nil {
		k.err = err
	}
	if !ok || err != nil {
		return nil
	}
	x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	return &x
}

func (k *ggufFields) id(kind string) *int64 {
	const none = 1<<32 - 1
	v := lookup(k, "tokenizer.ggml."+kind+"_token_id", uint32(none))
	if v == none {
		return nil
	}
	return ptr(int64(v))
}
