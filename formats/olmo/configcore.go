package olmo

import (
	"fmt"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// parseCoreConfig translates the experiment config of OLMo-core, of version 2
// or 3: the part "model", and from elsewhere the token ids and the context. What
// is said of the model and is not translated is refused.
func parseCoreConfig(data []byte, file string) (*Config, error) {
	o, err := ordjson.ParseObject(data)
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	root := fieldsOf(o)
	model := root.sub("model")
	c := &Config{
		HiddenSize: model.int("d_model", 0), NumHiddenLayers: model.int("n_layers", 0), VocabSize: model.int("vocab_size", 0),
		TieWordEmbeddings: model.bool("tie_word_embeddings", false), HiddenAct: "silu", InitializerRange: model.float("init_std", 0.02),
	}
	model.must("name", "default", "default")
	if n := c.NumHiddenLayers; n < 1 || n > maxLayers {
		model.fail("n_layers", "found %d, expected 1 to %d", n, maxLayers)
		return nil, model.error(file)
	}
	c.coreLayers(model.coreBlocks(c.NumHiddenLayers))
	model.coreHead(c)
	model.rest("_CLASS_", "type", "dtype", "init_method", "init_seed", "embedding_init_std", "freeze_params",
		"compile", "dp_config", "tp_config", "ac_config", "float8_config") // the last five stood here before version 2

	dataset := root.sub("dataset")
	tokenizer := dataset.sub("tokenizer")
	c.PadTokenID, c.BOSTokenID = tokenizer.optInt("pad_token_id", nil), tokenizer.optInt("bos_token_id", nil)
	c.EOSTokenID = tokenizer.ints("eos_token_id", nil)
	c.MaxPositionEmbeddings = root.sub("train_module").int("max_sequence_length", dataset.int("sequence_length", 4096))
	if err := root.error(file); err != nil {
		return nil, err
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "model", "%w", err)
	}
	return c, nil
}

// coreBlocks returns the block of each layer: the only one, unless
// block_overrides has another for the layer, or the one that block_pattern
// names.
func (f *fields) coreBlocks(layers int64) []*fields {
	blocks := make([]*fields, layers)
	if names := f.strs("block_pattern"); len(names) > 0 {
		named, parsed := f.sub("block"), map[string]*fields{}
		for i := range blocks {
			name := names[i%len(names)]
			b, ok := parsed[name]
			if !ok {
				if b = named.sub(name); b.o.Len() == 0 {
					f.fail("block_pattern", "found the name %.80q, expected one of those in block", name)
				}
				b.path = fmt.Sprintf("%s%.80q.", named.path, name)
				parsed[name] = b
			}
			blocks[i] = b
		}
		if f.has("block_overrides") {
			f.fail("block_overrides", "found some beside block_pattern, expected one of the two")
		}
		return blocks
	}
	block, overrides := f.sub("block"), f.sub("block_overrides")
	for i := range blocks {
		blocks[i] = block
		if key := strconv.Itoa(i); overrides.has(key) {
			blocks[i] = overrides.sub(key)
		}
	}
	for _, key := range overrides.o.Keys() {
		if !overrides.read[key] {
			f.fail("block_overrides", "found layer %.80q, expected 0 to %d", key, layers-1)
		}
	}
	return blocks
}

// coreLayers sets what follows from the blocks, which may differ in windows and
// rope alone.
func (c *Config) coreLayers(blocks []*fields) {
	var first coreBlock
	ropes := map[string]Rope{}
	for i, f := range blocks {
		b := f.coreBlock(int64(i), c.NumHiddenLayers)
		if i == 0 {
			first = b
		}
		if b.shape != first.shape {
			f.fail("", "found a block unlike that of the first layer, expected blocks that differ only in windows and rope")
		}
		kind := layerType(b.window > 0)
		if b.window > 0 {
			if c.SlidingWindow == 0 {
				c.SlidingWindow = b.window
			}
			if b.window != c.SlidingWindow {
				f.fail("", "found a window of %d in layer %d beside one of %d, expected one size", b.window, i, c.SlidingWindow)
			}
		}
		if r, ok := ropes[kind]; ok && !r.same(b.rope) {
			f.fail("", "found other rope settings in layer %d than in an earlier layer with %s, expected the same", i, kind)
		}
		ropes[kind] = b.rope
		c.LayerTypes = append(c.LayerTypes, kind)
	}
	s := first.shape
	c.ModelType, c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim = s.modelType, s.heads, s.kvHeads, s.headDim
	c.IntermediateSize, c.RMSNormEps = s.ff, s.eps
	if s.clips {
		c.ClipQKV = new(s.clip)
	}
	var full, sliding bool
	c.Rope, full = ropes[FullAttention]
	c.RopeSliding, sliding = ropes[SlidingAttention]
	if !sliding {
		c.LayerTypes = nil
		return
	}
	if c.ModelType != OLMo2 {
		blocks[0].fail("", "found sliding windows in a block without reordered norms, expected none")
	}
	c.ModelType = OLMo3
	if !full {
		c.Rope = c.RopeSliding
	}
}

// coreHead checks that the head is a norm like the others and a matrix.
func (f *fields) coreHead(c *Config) {
	head := f.sub("lm_head")
	head.must("name", "default", "default")
	head.mustBe("bias", true, false)
	norm := head.sub("layer_norm")
	if eps := norm.coreNorm(c.ModelType != OLMo1); eps != c.RMSNormEps && c.ModelType != OLMo1 {
		norm.fail("eps", "found %v, expected %v as in the blocks", eps, c.RMSNormEps)
	}
	head.rest("_CLASS_", "type", "dtype", "loss_implementation")
}
