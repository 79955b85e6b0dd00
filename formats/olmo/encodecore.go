package olmo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// Class paths that OLMo-core puts into its configs.
const (
	coreNN   = "olmo_core.nn."
	coreYaRN = coreNN + "rope.YaRNRoPEScalingConfig"
)

// encodeCore returns the config.json for the model with weights of that type,
// in words that every version 2 and 3 of OLMo-core reads, or an error that names
// the field which it cannot express.
func (c *Config) encodeCore(dtype formats.DType) ([]byte, error) {
	eos, pad, err := c.endTokens("OLMo-core's config")
	if err != nil {
		return nil, err
	}
	w := coreWriter{c, torchNames[dtype]}
	if w.dtype == "" {
		return nil, fmt.Errorf("found weights of %s, expected a type of torch", dtype)
	}
	// Of an OLMo 3 the block is that of sliding layers, and the others are
	// exceptions if their rope is another.
	base, overrides := c.Rope, any(nil)
	if c.ModelType == OLMo3 {
		if !slices.Contains(c.LayerTypes, SlidingAttention) {
			return nil, fmt.Errorf("layer_types: found no %q, expected one: OLMo-core takes such a model for an OLMo 2", SlidingAttention)
		}
		base = c.RopeSliding
		if !base.same(c.Rope) {
			full, err := w.block(c.Rope)
			if err != nil {
				return nil, err
			}
			o := new(ordjson.Object)
			for i, t := range c.LayerTypes {
				if t == FullAttention {
					o.Set(strconv.Itoa(i), full)
				}
			}
			overrides = o
		}
	}
	block, err := w.block(base)
	if err != nil {
		return nil, err
	}
	model := object(
		"d_model", c.HiddenSize, "vocab_size", c.VocabSize, "n_layers", c.NumHiddenLayers, "block", block,
		"lm_head", object("name", "default", "layer_norm", w.norm(), "bias", false, "dtype", w.dtype, "_CLASS_", coreNN+"lm_head.LMHeadConfig"),
		"name", "default", "dtype", w.dtype, "init_method", "normal", "init_std", c.InitializerRange, "block_overrides", overrides,
	)
	if c.TieWordEmbeddings {
		model.Set("tie_word_embeddings", true) // older versions do not know the field
	}
	model.Set("_CLASS_", coreNN+"transformer.config.TransformerConfig")
	tokenizer := object("vocab_size", c.VocabSize, "eos_token_id", eos, "pad_token_id", pad,
		"bos_token_id", anyOf(c.BOSTokenID), "_CLASS_", "olmo_core.data.tokenizer.TokenizerConfig")
	root := object("model", model, "dataset", object("tokenizer", tokenizer), "train_module", object("max_sequence_length", c.MaxPositionEmbeddings))
	b, err := ordjson.Encode(root, ordjson.Options{Indent: 2, ASCII: true})
	return append(b, '\n'), err
}

type coreWriter struct {
	*Config
	dtype string // torch's name
}

func (w coreWriter) norm() *ordjson.Object {
	if w.hasNorms() {
		return object("name", "rms", "eps", w.RMSNormEps, "bias", false, "dtype", w.dtype, "_CLASS_", coreNN+"layer_norm.LayerNormConfig")
	}
	return object("name", "default", "eps", 1e-5, "elementwise_affine", false, "bias", false, "dtype", w.dtype,
		"_CLASS_", coreNN+"layer_norm.LayerNormConfig")
}

// block is a TransformerBlockConfig with these rope settings.
func (w coreWriter) block(r Rope) (*ordjson.Object, error) {
	rope, err := r.core()
	if err != nil {
		return nil, err
	}
	var qk, kv, headDim any
	name := "default"
	if w.hasNorms() {
		name, qk = "reordered_norm", w.norm()
	}
	if w.NumKeyValueHeads != w.NumAttentionHeads {
		kv = w.NumKeyValueHeads
	}
	if w.oddHeadDim() {
		headDim = w.HeadDim // older versions do not know the field
	}
	return object(
		"attention", object("name", "default", "n_heads", w.NumAttentionHeads, "n_kv_heads", kv, "head_dim", headDim, "bias", false,
			"rope", rope, "clip_qkv", anyOf(w.ClipQKV), "qk_norm", qk, "dtype", w.dtype, "sliding_window", w.window(),
			"_CLASS_", coreNN+"attention.AttentionConfig"),
		"layer_norm", w.norm(),
		"feed_forward", object("hidden_size", w.IntermediateSize, "name", "default", "bias", false, "dtype", w.dtype,
			"_CLASS_", coreNN+"feed_forward.FeedForwardConfig"),
		"name", name, "_CLASS_", coreNN+"transformer.config.TransformerBlockConfig",
	), nil
}

// window is the SlidingWindowAttentionConfig, nil if there are none.
func (w coreWriter) window() any {
	if w.ModelType != OLMo3 {
		return nil
	}
	pattern := make([]int64, len(w.LayerTypes))
	for i, t := range w.LayerTypes {
		if pattern[i] = w.SlidingWindow; t == FullAttention {
			pattern[i] = -1
		}
	}
	return object("pattern", anys(shortest(pattern)), "force_full_attention_on_first_layer", false,
		"force_full_attention_on_last_layer", false, "_CLASS_", coreNN+"attention.SlidingWindowAttentionConfig")
}

// core is a RoPEConfig.
func (r Rope) core() (*ordjson.Object, error) {
	whole := func(field string, v float64) (int64, error) {
		n, ok := number(v).(int64)
		if !ok {
			return 0, fmt.Errorf("%s: found %v, expected a whole number in OLMo-core's config", field, v)
		}
		return n, nil
	}
	base, err := whole("rope_theta", r.Theta)
	if err != nil {
		return nil, err
	}
	var scaling any
	switch r.Type {
	case ropeDefault:
	case ropeYaRN:
		fast, err1 := whole("rope_scaling.beta_fast", or(r.BetaFast, 32))
		slow, err2 := whole("rope_scaling.beta_slow", or(r.BetaSlow, 1))
		if err1 != nil || err2 != nil {
			return nil, cmp.Or(err1, err2)
		}
		if want, a := yarnAttention(r.Factor), r.AttentionFactor; a != nil && float32(*a) != float32(want) {
			return nil, fmt.Errorf("rope_scaling.attention_factor: found %v, expected %v: OLMo-core computes it", *a, want)
		}
		if x := r.ExtrapolationFactor; x != nil && *x != 1 {
			return nil, fmt.Errorf("rope_scaling.extrapolation_factor: found %v, expected none or 1 in OLMo-core's config", *x)
		}
		scaling = object("factor", r.Factor, "beta_fast", fast, "beta_slow", slow, "old_context_len", r.OriginalMaxPositions, "_CLASS_", coreYaRN)
	default:
		return nil, fmt.Errorf("rope_scaling.rope_type: found %q, expected %q or %q in OLMo-core's config", r.Type, ropeDefault, ropeYaRN)
	}
	return object("name", "default", "theta", base, "full_precision", true, "scaling", scaling, "_CLASS_", coreNN+"rope.RoPEConfig"), nil
}

// shortest returns the shortest prefix of a pattern that repeats to give it.
func shortest(p []int64) []int64 {
next:
	for n := 1; n < len(p); n++ {
		for i := range p {
			if p[i] != p[i%n] {
				continue next
			}
		}
		return p[:n]
	}
	return p
}
