package olmo

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// parseGGUFConfig makes a config of the key-values that llama.cpp reads for
// these architectures, and of the shape of the embedding.
func parseGGUFConfig(f *gguf.File) (*Config, error) {
	k := &ggufFields{kvs: f.KVs, arch: "general"}
	arch := ggufLookup(k, "architecture", "")
	c := &Config{HiddenAct: "silu", InitializerRange: 0.02}
	switch arch {
	case "olmo":
		c.ModelType = OLMo1
	case "olmo2", "olmo3": // some builds of ollama write the latter
		c.ModelType = OLMo2
	default:
		return nil, formats.Errorf(f.Path, "general.architecture", "found %q, expected \"olmo\" or \"olmo2\"", arch)
	}
	k.arch = arch
	c.NumHiddenLayers = k.need("block_count")
	c.MaxPositionEmbeddings = k.need("context_length")
	c.HiddenSize = k.need("embedding_length")
	c.IntermediateSize = k.need("feed_forward_length")
	c.NumAttentionHeads = k.need("attention.head_count")
	c.NumKeyValueHeads = k.int("attention.head_count_kv", c.NumAttentionHeads)
	c.HeadDim = k.int("attention.key_length", 0)
	c.setDefaults()
	for _, key := range []string{"attention.value_length", "rope.dimension_count"} {
		if n := k.int(key, c.HeadDim); n != c.HeadDim {
			k.fail(key, fmt.Errorf("found %d, expected %d as attention.key_length", n, c.HeadDim))
		}
	}
	if !ggufLookup(k, "attention.causal", true) {
		k.fail("attention.causal", errors.New("found false, expected true"))
	}
	c.Rope = k.rope(c.MaxPositionEmbeddings)
	if c.hasNorms() {
		c.RMSNormEps = or(k.float("attention.layer_norm_rms_epsilon"), 0)
	} else {
		c.ClipQKV = k.float("attention.clamp_kqv")
		if eps := or(k.float("attention.layer_norm_epsilon"), 1e-5); eps != 1e-5 {
			k.fail("attention.layer_norm_epsilon", fmt.Errorf("found %v, expected 1e-05", eps))
		}
	}
	if w := k.int("attention.sliding_window", 0); w > 0 && c.hasNorms() {
		c.ModelType, c.SlidingWindow = OLMo3, w
		for _, sliding := range ggufLookup(k, "attention.sliding_window_pattern", []bool(nil)) {
			c.LayerTypes = append(c.LayerTypes, layerType(sliding))
		}
		c.RopeSliding = Rope{Type: ropeDefault, Theta: or(k.float("rope.freq_base_swa"), c.Rope.Theta)}
	}
	k.arch = "tokenizer.ggml"
	c.BOSTokenID, c.PadTokenID = k.id("bos_token_id"), k.id("padding_token_id")
	if id := k.id("eos_token_id"); id != nil {
		c.EOSTokenID = []int64{*id}
	}
	if k.err != nil {
		return nil, formats.Errorf(f.Path, k.place, "%w", k.err)
	}
	named := func(name string) int {
		return slices.IndexFunc(f.Tensors, func(t formats.Tensor) bool { return t.Name == name })
	}
	c.TieWordEmbeddings = named(ggufHead) < 0
	i := named(ggufEmbed)
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

// rope reads the settings of full-attention layers. What llama.cpp takes where
// nothing is said is the context for the one before scaling, and 1 for factors.
func (k *ggufFields) rope(context int64) Rope {
	r := Rope{Type: ggufLookup(k, "rope.scaling.type", "none"), Theta: or(k.float("rope.freq_base"), 10000)}
	if r.Type == "none" {
		r.Type = ropeDefault
	}
	if r.Scaled() {
		r.Factor = or(k.float("rope.scaling.factor"), 0)
	}
	if r.Type == ropeYaRN {
		r.OriginalMaxPositions = k.int("rope.scaling.original_context_length", context)
		r.ExtrapolationFactor = k.float("rope.scaling.yarn_ext_factor")
		r.BetaFast, r.BetaSlow = k.float("rope.scaling.yarn_beta_fast"), k.float("rope.scaling.yarn_beta_slow")
		if r.AttentionFactor = k.float("rope.scaling.yarn_attn_factor"); r.AttentionFactor == nil {
			r.AttentionFactor = k.float("rope.scaling.attn_factor") // the converter's first spelling
		}
	}
	return r
}

// ggufFields reads key-values ARCH.KEY and keeps the first error.
type ggufFields struct {
	kvs   []gguf.KV
	arch  string
	place string
	err   error
}

func (k *ggufFields) fail(key string, err error) {
	if k.err == nil {
		k.place, k.err = k.arch+"."+key, err
	}
}

func ggufLookup[T any](k *ggufFields, key string, def T) T {
	v, ok, err := gguf.Lookup[T](k.kvs, k.arch+"."+key)
	if err != nil {
		k.fail(key, err)
	}
	if !ok || err != nil {
		return def
	}
	return v
}

func (k *ggufFields) int(key string, def int64) int64 {
	const none = 1<<32 - 1
	if v := ggufLookup(k, key, uint32(none)); v != none {
		return int64(v)
	}
	return def
}

// need is int for what a model must say.
func (k *ggufFields) need(key string) int64 {
	n := k.int(key, 0)
	if n == 0 {
		k.fail(key, errors.New("found none or 0, expected a positive number"))
	}
	return n
}

// float reads a float32 as the shortest decimal that it is the nearest to: an
// epsilon of 1e-6 is 1e-6 again, not 9.999999974752427e-07.
func (k *ggufFields) float(key string) *float64 {
	const none = -math.MaxFloat32
	v := ggufLookup(k, key, float32(none))
	if v == none {
		return nil
	}
	x, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		k.fail(key, err)
	}
	return &x
}

// id reads a token id; llama.cpp takes the largest number for none.
func (k *ggufFields) id(key string) *int64 {
	if n := k.int(key, -1); n >= 0 {
		return &n
	}
	return nil
}
