package olmo

// coreBlock is what matters of one block of an OLMo-core config.
type coreBlock struct {
	shape  coreShape
	rope   Rope
	window int64 // 0: full attention
}

// coreShape is the part in which all blocks of a model must agree.
type coreShape struct {
	modelType               string // OLMo1 or OLMo2, by the norms
	heads, kvHeads, headDim int64
	ff                      int64
	eps                     float64
	clips                   bool
	clip                    float64
}

// coreInert are fields of modules that change how something is computed, or the
// training, but not what the model is.
var coreInert = []string{
	"_CLASS_", "type", "dtype", "dropout", "full_precision", "use_flash", "backend",
	"use_recompute_qkv_prep", "mxfp8_save_qkv_for_backward",
}

// coreBlock reads the block of a layer.
func (f *fields) coreBlock(layer, layers int64) coreBlock {
	att := f.sub("attention")
	if f.has("sequence_mixer") { // the newer name
		if f.has("attention") {
			f.fail("attention", "found one beside sequence_mixer, expected one of the two")
		}
		att = f.sub("sequence_mixer")
		att.must("type", "attention", "attention")
	}
	if att.o.Len() == 0 {
		f.fail("attention", "found none, expected one")
	}
	var b coreBlock
	s := &b.shape
	s.modelType = OLMo2
	f.must("name", "default", "default", "reordered_norm")
	if f.str("name", "default") == "default" {
		s.modelType = OLMo1
	}
	second := s.modelType == OLMo2
	s.eps = f.sub("layer_norm").coreNorm(second)
	qk := att.sub("qk_norm")
	if second {
		if eps := qk.coreNorm(true); eps != s.eps {
			qk.fail("eps", "found %v, expected %v as in layer_norm", eps, s.eps)
		}
	} else if qk.o.Len() > 0 {
		att.fail("qk_norm", "found one in a block without reordered norms, expected none")
	}
	if !second {
		s.eps = 0
	}

	att.must("name", "default", "default")
	att.mustBe("bias", true, false)
	s.heads = att.int("n_heads", 16)
	s.kvHeads = or(att.optInt("n_kv_heads", nil), s.heads)
	s.headDim = or(att.optInt("head_dim", nil), 0)
	if clip := att.optFloat("clip_qkv"); clip != nil {
		s.clips, s.clip = true, *clip
	}
	b.rope = att.coreRope()
	b.window = att.sub("sliding_window").coreWindow(layer, layers)
	att.rest(coreInert...)

	ff := f.sub("feed_forward")
	s.ff = ff.int("hidden_size", 0)
	ff.must("name", "default", "default")
	ff.must("activation", "silu", "silu")
	ff.mustBe("bias", true, false)
	ff.rest(coreInert...)
	f.rest(coreInert...)
	return b
}

// coreNorm checks a norm: RMS with weights and no bias, or a LayerNorm with
// neither. It returns its epsilon.
func (f *fields) coreNorm(rms bool) float64 {
	eps := f.optFloat("eps")
	if rms {
		f.must("name", "default", "rms", "fused_rms", "cute_rms")
		f.mustBe("elementwise_affine", true, true)
		f.mustBe("bias", true, false)
	} else {
		f.must("name", "default", "default")
		f.mustBe("elementwise_affine", true, false)
		f.bool("bias", true) // there is none without an affine part
		if or(eps, 1e-5) != 1e-5 {
			f.fail("eps", "found %v, expected 1e-05 in an OLMo 1", *eps)
		}
	}
	f.rest(coreInert...)
	return or(eps, 1e-5)
}

// coreRope reads the rope settings of an attention.
func (f *fields) coreRope() Rope {
	if !f.has("rope") {
		f.fail("rope", "found none, expected rotary embeddings")
	}
	f = f.sub("rope")
	f.must("name", "default", "default")
	f.whole("partial_rotary_factor")
	r := Rope{Type: ropeDefault, Theta: f.float("theta", 500000)}
	if s := f.sub("scaling"); f.has("scaling") {
		s.must("_CLASS_", "", coreYaRN)
		r.Type = ropeYaRN
		r.Factor = s.float("factor", 8)
		r.OriginalMaxPositions = s.int("old_context_len", 8192)
		r.BetaFast, r.BetaSlow = new(s.float("beta_fast", 32)), new(s.float("beta_slow", 1))
		r.AttentionFactor = new(yarnAttention(r.Factor))
		s.rest("attention_rescale_factor") // ignored by OLMo-core too
	}
	f.rest(coreInert...)
	return r
}

// coreWindow returns how many tokens a layer sees, 0 for all: the pattern of
// sizes is repeated over the layers, with exceptions at both ends.
func (f *fields) coreWindow(layer, layers int64) int64 {
	pattern := f.ints("pattern", nil)
	first := f.bool("force_full_attention_on_first_layer", true)
	last := f.bool("force_full_attention_on_last_layer", true)
	f.rest("_CLASS_")
	if len(pattern) == 0 || first && layer == 0 || last && layer == layers-1 {
		return 0
	}
	if first {
		layer-- // the pattern starts after the forced layer
	}
	switch w := pattern[layer%int64(len(pattern))]; {
	case w == -1:
		return 0
	case w < 1 || w > maxContext:
		f.fail("pattern", "found a window of %d, expected -1 or 1 to %d", w, maxContext)
		return 0
	default:
		return w
	}
}
