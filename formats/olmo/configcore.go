package olmo

import (
	"fmt"
	"math"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// parseCoreConfig translates the experiment config of OLMo-core. It reads both
// generations: a block's attention under "attention" or "sequence_mixer".
func parseCoreConfig(data []byte, file string) (*Config, error) {
	o, err := ordjson.ParseObject(data)
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	root := &fields{o: o}
	model := root.sub("model")
	c := &Config{
		HiddenSize: model.int("d_model", 0), NumHiddenLayers: model.int("n_layers", 0), VocabSize: model.int("vocab_size", 0),
		TieWordEmbeddings: model.bool("tie_word_embeddings", false), HiddenAct: "silu", InitializerRange: model.float("init_std", 0.02),
	}
	if c.NumHiddenLayers < 1 || c.NumHiddenLayers > maxLayers {
		return nil, formats.Errorf(file, "model.n_layers", "found %d, expected 1 to %d", c.NumHiddenLayers, maxLayers)
	}
	overrides := model.sub("block_overrides")
	windows := false
	for i := range c.NumHiddenLayers {
		place := "model.block"
		b := model.sub("block")
		if x := overrides.sub(strconv.FormatInt(i, 10)); x.o.Len() > 0 {
			b, place = x, fmt.Sprintf("model.block_overrides.%d", i)
		}
		l, err := parseCoreBlock(b, i, c.NumHiddenLayers)
		if err != nil {
			return nil, formats.Errorf(file, place, "%w", err)
		}
		if i == 0 {
			c.ModelType, c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim = l.modelType, l.heads, l.kvHeads, l.headDim
			c.IntermediateSize, c.RMSNormEps, c.ClipQKV = l.ff, l.eps, l.clip
			c.RopeSliding = Rope{Type: "default", Theta: l.rope.Theta}
		}
		if l.modelType != c.ModelType || l.heads != c.NumAttentionHeads || l.kvHeads != c.NumKeyValueHeads || l.ff != c.IntermediateSize || l.eps != c.RMSNormEps {
			return nil, formats.Errorf(file, place, "found a block unlike the first one, expected layers that differ only in windows and rope")
		}
		kind := FullAttention
		if l.window > 0 {
			kind, windows = SlidingAttention, true
			if c.SlidingWindow != 0 && c.SlidingWindow != l.window {
				return nil, formats.Errorf(file, place, "found a window of %d beside one of %d, expected one size", l.window, c.SlidingWindow)
			}
			c.SlidingWindow = l.window
		}
		// Each kind of layer must have one rope: the first of its kind sets it.
		r, first := &c.Rope, true
		if kind == SlidingAttention {
			r = &c.RopeSliding
		}
		for _, t := range c.LayerTypes {
			first = first && t != kind
		}
		if first {
			*r = l.rope
		} else if !sameRope(*r, l.rope) {
			return nil, formats.Errorf(file, place, "found other rope settings than in an earlier layer of the same kind, expected the same")
		}
		c.LayerTypes = append(c.LayerTypes, kind)
	}
	if windows {
		if c.ModelType != OLMo2 {
			return nil, formats.Errorf(file, "model.block", "found sliding windows in a block without reordered norms, expected none")
		}
		c.ModelType = OLMo3
	} else {
		c.LayerTypes = nil
	}
	tok := root.sub("dataset").sub("tokenizer")
	c.PadTokenID, c.BOSTokenID = tok.optInt("pad_token_id", nil), tok.optInt("bos_token_id", nil)
	c.EOSTokenID = tok.ints("eos_token_id", nil)
	train := root.sub("train_module")
	c.MaxPositionEmbeddings = train.int("max_sequence_length", 4096)
	for _, f := range []*fields{root, model, overrides, tok, train} {
		if f.err != nil {
			return nil, formats.Errorf(file, f.place, "%w", f.err)
		}
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "model", "%w", err)
	}
	return c, nil
}

// coreBlock is what matters of one block.
type coreBlock struct {
	modelType      string
	heads, kvHeads int64
	headDim        int64
	ff             int64
	eps            float64
	clip           *float64
	rope           Rope
	window         int64 // 0: full attention
}

func parseCoreBlock(b *fields, layer, layers int64) (*coreBlock, error) {
	att := b.sub("attention")
	if att.o.Len() == 0 {
		att = b.sub("sequence_mixer")
		if t := att.str("type", "attention"); t != "attention" {
			return nil, fmt.Errorf("sequence_mixer.type: found %q, expected \"attention\"", t)
		}
	}
	rope, norm, ff := att.sub("rope"), b.sub("layer_norm"), b.sub("feed_forward")
	l := &coreBlock{
		heads: att.int("n_heads", 16), headDim: att.int("head_dim", 0), clip: att.optFloat("clip_qkv"),
		ff: ff.int("hidden_size", 0), eps: norm.float("eps", 1e-5),
	}
	l.kvHeads = att.int("n_kv_heads", l.heads)
	switch name := b.str("name", "default"); name {
	case "reordered_norm":
		l.modelType = OLMo2
		if q := att.sub("qk_norm"); q.str("name", "none") != "rms" || q.bool("bias", true) {
			return nil, fmt.Errorf("attention.qk_norm: found %s, expected name \"rms\" and no bias", describe(q.o))
		}
		if norm.str("name", "default") != "rms" || norm.bool("bias", true) {
			return nil, fmt.Errorf("layer_norm: found name %q, expected \"rms\" and no bias", norm.str("name", "default"))
		}
		if att.bool("use_head_qk_norm", false) {
			return nil, fmt.Errorf("attention.use_head_qk_norm: found true, expected false")
		}
	case "default":
		l.modelType, l.eps = OLMo1, 0
		if norm.bool("elementwise_affine", true) {
			return nil, fmt.Errorf("layer_norm.elementwise_affine: found true in a block %q, expected false", name)
		}
	default:
		return nil, fmt.Errorf("name: found %q, expected \"reordered_norm\" or \"default\"", name)
	}
	if att.bool("bias", true) || ff.bool("bias", true) {
		return nil, fmt.Errorf("bias: found true or none, expected false in attention and feed_forward")
	}
	if t := att.str("name", "default"); t != "default" {
		return nil, fmt.Errorf("attention.name: found %q, expected \"default\": no released model fuses its projections", t)
	}
	l.rope = Rope{Type: "default", Theta: rope.float("theta", 500000)}
	if s := rope.sub("scaling"); s.o.Len() > 0 {
		class := s.str("_CLASS_", "")
		if class != "" && class != coreYaRN {
			return nil, fmt.Errorf("rope.scaling: found %q, expected %q", class, coreYaRN)
		}
		l.rope.Type = "yarn"
		l.rope.Factor = s.float("factor", 8)
		l.rope.OriginalMaxPositions = s.int("old_context_len", 8192)
		l.rope.BetaFast, l.rope.BetaSlow = ptr(s.float("beta_fast", 32)), ptr(s.float("beta_slow", 1))
		l.rope.AttentionFactor = ptr(yarnAttention(l.rope.Factor))
		if s.err != nil {
			return nil, fmt.Errorf("rope.scaling.%s: %w", s.place, s.err)
		}
	}
	w := att.sub("sliding_window")
	if pattern := w.ints("pattern", nil); len(pattern) > 0 {
		first, last := w.bool("force_full_attention_on_first_layer", true), w.bool("force_full_attention_on_last_layer", true)
		i := layer
		if first {
			i-- // the pattern starts after the forced layer
		}
		if !(first && layer == 0) && !(last && layer == layers-1) {
			if l.window = pattern[i%int64(len(pattern))]; l.window < 0 {
				l.window = 0
			}
		}
	}
	for _, f := range []*fields{b, att, rope, norm, ff, w} {
		if f.err != nil {
			return nil, fmt.Errorf("%s: %w", f.place, f.err)
		}
	}
	return l, nil
}

// yarnAttention is the factor that YaRN scales cos and sin by: 0.1·ln(s) + 1.
func yarnAttention(factor float64) float64 { return 0.1*math.Log(factor) + 1 }

func sameRope(a, b Rope) bool {
	return a.Type == b.Type && a.Theta == b.Theta && a.Factor == b.Factor && a.OriginalMaxPositions == b.OriginalMaxPositions &&
		or(a.BetaFast, 32) == or(b.BetaFast, 32) && or(a.BetaSlow, 1) == or(b.BetaSlow, 1)
}

// sub returns the fields of a member object; of an empty one if there is none.
func (f *fields) sub(key string) *fields {
	o := f.object(key)
	if o == nil {
		o = new(ordjson.Object)
	}
	return &fields{o: o}
}

// Class paths that OLMo-core puts into its configs.
const (
	coreYaRN   = "olmo_core.nn.rope.YaRNRoPEScalingConfig"
	coreWindow = "olmo_core.nn.attention.SlidingWindowAttentionConfig"
)

// object makes a JSON object of alternating keys and values; values that are
// nil are left out, as OLMo-core does.
func object(kvs ...any) *ordjson.Object {
	o := new(ordjson.Object)
	for i := 0; i < len(kvs); i += 2 {
		if kvs[i+1] != nil {
			o.Set(kvs[i].(string), kvs[i+1])
		}
	}
	return o
}

// encodeCore returns the config.json for the model, or an error naming what it
// cannot express.
func (c *Config) encodeCore(dtype formats.DType) ([]byte, error) {
	if c.Rope.Type == "linear" || c.RopeSliding.Scaled() && c.ModelType == OLMo3 {
		return nil, fmt.Errorf("rope_scaling: found %q, expected none, or \"yarn\" on full-attention layers", c.Rope.Type)
	}
	if len(c.EOSTokenID) > 1 {
		return nil, fmt.Errorf("eos_token_id: found %v, expected one id in OLMo-core's config", c.EOSTokenID)
	}
	if a := c.Rope.AttentionFactor; c.Rope.Scaled() && a != nil && math.Abs(*a-yarnAttention(c.Rope.Factor)) > 1e-9 {
		return nil, fmt.Errorf("rope_scaling.attention_factor: found %v, expected %v: OLMo-core computes it", *a, yarnAttention(c.Rope.Factor))
	}
	torchName := torchNames[dtype]
	norm := object("name", "rms", "eps", c.RMSNormEps, "bias", false, "dtype", torchName, "_CLASS_", "olmo_core.nn.layer_norm.LayerNormConfig")
	name, qk := "reordered_norm", any(norm)
	if !c.hasNorms() {
		name, qk = "default", nil
		norm = object("name", "default", "eps", 1e-5, "elementwise_affine", false, "bias", false, "dtype", torchName, "_CLASS_", "olmo_core.nn.layer_norm.LayerNormConfig")
	}
	block := func(scaled bool) (*ordjson.Object, error) {
		var scaling, window, clip, kv, headDim any
		if scaled {
			scaling = object("factor", c.Rope.Factor, "beta_fast", int64(or(c.Rope.BetaFast, 32)), "beta_slow", int64(or(c.Rope.BetaSlow, 1)),
				"old_context_len", c.Rope.OriginalMaxPositions, "_CLASS_", coreYaRN)
		}
		if c.ModelType == OLMo3 {
			var pattern []any
			for _, t := range c.LayerTypes {
				if t == SlidingAttention {
					pattern = append(pattern, c.SlidingWindow)
				} else {
					pattern = append(pattern, int64(-1))
				}
			}
			window = object("pattern", shortest(pattern), "force_full_attention_on_first_layer", false,
				"force_full_attention_on_last_layer", false, "_CLASS_", coreWindow)
		}
		if c.ClipQKV != nil {
			clip = *c.ClipQKV
		}
		if c.NumKeyValueHeads != c.NumAttentionHeads {
			kv = c.NumKeyValueHeads
		}
		if c.HeadDim*c.NumAttentionHeads != c.HiddenSize {
			headDim = c.HeadDim
		}
		rope := object("name", "default", "theta", int64(c.Rope.Theta), "full_precision", true, "scaling", scaling, "_CLASS_", "olmo_core.nn.rope.RoPEConfig")
		if float64(int64(c.Rope.Theta)) != c.Rope.Theta {
			return nil, fmt.Errorf("rope_theta: found %v, expected a whole number in OLMo-core's config", c.Rope.Theta)
		}
		att := object("name", "default", "n_heads", c.NumAttentionHeads, "n_kv_heads", kv, "head_dim", headDim, "bias", false, "rope", rope,
			"clip_qkv", clip, "qk_norm", qk, "sliding_window", window, "dtype", torchName, "_CLASS_", "olmo_core.nn.attention.AttentionConfig")
		ff := object("hidden_size", c.IntermediateSize, "name", "default", "bias", false, "dtype", torchName, "_CLASS_", "olmo_core.nn.feed_forward.FeedForwardConfig")
		return object("name", name, "attention", att, "layer_norm", norm, "feed_forward", ff, "_CLASS_", "olmo_core.nn.transformer.config.TransformerBlockConfig"), nil
	}
	base, err := block(c.Rope.Scaled() && c.ModelType != OLMo3)
	if err != nil {
		return nil, err
	}
	var overrides any
	if c.ModelType == OLMo3 && c.Rope.Scaled() {
		// Scaling is for full-attention layers alone: those are overridden.
		o := new(ordjson.Object)
		for i, t := range c.LayerTypes {
			if t == FullAttention {
				b, err := block(true)
				if err != nil {
					return nil, err
				}
				o.Set(strconv.Itoa(i), b)
			}
		}
		overrides = o
	}
	head := object("name", "default", "layer_norm", norm, "bias", false, "dtype", torchName, "_CLASS_", "olmo_core.nn.lm_head.LMHeadConfig")
	model := object("d_model", c.HiddenSize, "vocab_size", c.VocabSize, "n_layers", c.NumHiddenLayers, "block", base, "lm_head", head,
		"name", "default", "dtype", torchName, "init_method", "normal", "init_std", c.InitializerRange,
		"tie_word_embeddings", c.TieWordEmbeddings, "block_overrides", overrides, "_CLASS_", "olmo_core.nn.transformer.config.TransformerConfig")
	tok := object("vocab_size", c.VocabSize, "pad_token_id", optional(c.PadTokenID), "bos_token_id", optional(c.BOSTokenID),
		"_CLASS_", "olmo_core.data.tokenizer.TokenizerConfig")
	if len(c.EOSTokenID) == 1 {
		tok.Set("eos_token_id", c.EOSTokenID[0])
	}
	root := object("model", model, "dataset", object("tokenizer", tok), "train_module", object("max_sequence_length", c.MaxPositionEmbeddings))
	b, err := ordjson.Encode(root, ordjson.Options{Indent: 2, ASCII: true})
	return append(b, '\n'), err
}

// shortest returns the shortest prefix of a pattern that repeats to give it.
func shortest(p []any) []any {
	for n := 1; n < len(p); n++ {
		ok := true
		for i := range p {
			ok = ok && p[i] == p[i%n]
		}
		if ok {
			return p[:n]
		}
	}
	return p
}
