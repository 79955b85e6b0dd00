package olmo

import (
	"slices"
	"strings"
	"testing"

	"olmotool/internal/ordjson"
)

// coreJSON is the config of testdata, of OLMo-core 2.3.0, with changes.
func coreJSON(t testing.TB, changes string) string {
	t.Helper()
	return changed(t, string(readFile(t, tinyCore+"config.json")), changes)
}

// newCoreJSON is the same in the words of OLMo-core 2.6 and 3.
func newCoreJSON(t testing.TB, changes string) string {
	t.Helper()
	text := coreJSON(t, `{"model/block/attention/type": "attention", "model/block/attention/attention_sinks": false, "model/block/attention/scalable_softmax": false,
		"model/block/feed_forward/activation": "silu", "model/block/attention/rope/no_global_rope": false, "model/block/attention/rope/partial_rotary_factor": 1.0,
		"model/tie_word_embeddings": false, "model/block/attention/use_flash-": 0, "model/block/attention/backend": "flash_2"}`)
	return changed(t, strings.Replace(text, `"attention": {`, `"sequence_mixer": {`, 1), changes)
}

const coreYaRNJSON = `{"factor": 8.0, "beta_fast": 32, "beta_slow": 1, "old_context_len": 64, "_CLASS_": "olmo_core.nn.rope.YaRNRoPEScalingConfig"}`

func TestCoreConfig(t *testing.T) {
	base := Config{
		ModelType: OLMo2, VocabSize: 576, HiddenSize: 32, IntermediateSize: 96, NumHiddenLayers: 2, NumAttentionHeads: 4,
		NumKeyValueHeads: 4, HeadDim: 8, MaxPositionEmbeddings: 4096, RMSNormEps: 1e-6, HiddenAct: "silu", InitializerRange: 0.02,
		Rope: Rope{Type: "default", Theta: 500000}, EOSTokenID: []int64{513}, PadTokenID: new(int64(533)),
	}
	layers := func(n int64, sliding ...int64) func(*Config) {
		return func(c *Config) {
			c.ModelType, c.NumHiddenLayers, c.SlidingWindow, c.RopeSliding = OLMo3, n, 8, c.Rope
			for i := range n {
				c.LayerTypes = append(c.LayerTypes, layerType(slices.Contains(sliding, i)))
			}
		}
	}
	window := func(more string) string {
		return `{"model/n_layers": 9, "model/block/attention/sliding_window": {"pattern": [8, 8, -1]` + more + `}}`
	}
	const norm = `{"name": "default", "elementwise_affine": false, "bias": false}`
	for _, c := range []struct {
		name, changes string
		want          func(*Config)
	}{
		{"as it is", `{}`, func(*Config) {}},
		{"grouped", `{"model/block/attention/n_kv_heads": 2}`, func(c *Config) { c.NumKeyValueHeads = 2 }},
		{"nulls", `{"model/block/attention/n_kv_heads": null, "model/block/attention/head_dim": null, "model/block/attention/clip_qkv": null,
			"model/block_overrides": null, "model/block/attention/sliding_window": null, "model/block/attention/rope/scaling": null, "model/embedding_norm": null}`, func(*Config) {}},
		{"heads", `{"model/block/attention/head_dim": 16}`, func(c *Config) { c.HeadDim = 16 }},
		{"tied", `{"model/tie_word_embeddings": true}`, func(c *Config) { c.TieWordEmbeddings = true }},
		{"other kernels", `{"model/block/layer_norm/name": "fused_rms", "model/block/attention/qk_norm/name": "cute_rms", "model/block/attention/use_flash": true, "model/block/attention/dropout": 0.1}`, func(*Config) {}},
		{"training", `{"model/freeze_params": ["embeddings.*"], "model/init_std": 0.01}`, func(c *Config) { c.InitializerRange = 0.01 }},
		{"no data", `{"dataset-": 0, "train_module-": 0}`, func(c *Config) { c.EOSTokenID, c.PadTokenID = nil, nil; c.MaxPositionEmbeddings = 4096 }},
		{"context of the data", `{"train_module-": 0, "dataset/sequence_length": 777}`, func(c *Config) { c.MaxPositionEmbeddings = 777 }},
		{"bos", `{"dataset/tokenizer/bos_token_id": 7}`, func(c *Config) { c.BOSTokenID = new(int64(7)) }},
		{
			"olmo 1", `{"model/block/name": "default", "model/block/layer_norm": ` + norm + `, "model/lm_head/layer_norm": ` + norm + `, "model/block/attention/qk_norm-": 0, "model/block/attention/clip_qkv": 8}`,
			func(c *Config) { c.ModelType, c.RMSNormEps, c.ClipQKV = OLMo1, 0, new(8.0) },
		},
		{"yarn everywhere", `{"model/block/attention/rope/scaling": ` + coreYaRNJSON + `}`, func(c *Config) { c.Rope = yarnRope }},
		{"windows, both ends forced", window(""), layers(9, 1, 2, 4, 5, 7)},
		{"windows, last forced", window(`, "force_full_attention_on_first_layer": false`), layers(9, 0, 1, 3, 4, 6, 7)},
		{"windows, first forced", window(`, "force_full_attention_on_last_layer": false`), layers(9, 1, 2, 4, 5, 7, 8)},
		{"windows, as they are", `{"model/n_layers": 5, "model/block/attention/sliding_window": {"pattern": [8, 8, -1], "force_full_attention_on_first_layer": false, "force_full_attention_on_last_layer": false}}`, layers(5, 0, 1, 3, 4)},
		{"windows nowhere", `{"model/block/attention/sliding_window": {"pattern": [8]}}`, func(*Config) {}},
		{"windows everywhere", `{"model/block/attention/sliding_window": {"pattern": [8], "force_full_attention_on_first_layer": false, "force_full_attention_on_last_layer": false}}`, layers(2, 0, 1)},
		{"no pattern", `{"model/block/attention/sliding_window": {"pattern": []}}`, func(*Config) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := base
			c.want(&want)
			got, err := parseCoreConfig([]byte(coreJSON(t, c.changes)), "config.json")
			if err != nil {
				t.Fatal(err)
			}
			sameConfig(t, got, &want)
			text := newCoreJSON(t, strings.ReplaceAll(c.changes, "/attention/", "/sequence_mixer/"))
			if got, err = parseCoreConfig([]byte(text), "config.json"); err != nil {
				t.Fatal(err)
			}
			sameConfig(t, got, &want)
		})
	}
}

// TestCoreBlocks: the ways in which layers can have blocks of their own.
func TestCoreBlocks(t *testing.T) {
	block := func(changes string) string {
		o, err := ordjson.ParseObject([]byte(coreJSON(t, changes)))
		if err != nil {
			t.Fatal(err)
		}
		m, _ := o.Get("model")
		b, _ := m.(*ordjson.Object).Get("block")
		text, err := ordjson.Encode(b, ordjson.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	plain, other := block(`{}`), block(`{"model/block/feed_forward/hidden_size": 97}`)
	sliding := block(`{"model/block/attention/sliding_window": {"pattern": [8], "force_full_attention_on_first_layer": false, "force_full_attention_on_last_layer": false}}`)
	wider := strings.Replace(sliding, "[8]", "[9]", 1)
	scaled := block(`{"model/block/attention/rope/scaling": ` + coreYaRNJSON + `}`)
	overrides := func(more string) string {
		return `{"model/n_layers": 4, "model/block": ` + sliding + `, "model/block_overrides": {` + more + `}}`
	}
	pattern := func(names, more string) string {
		return `{"model/n_layers": 4, "model/block": {"s": ` + sliding + `, "f": ` + scaled + `, "p": ` + plain + `, "x\n": ` + other + `}, "model/block_pattern": [` + names + `]` + more + `}`
	}
	for _, c := range []struct{ name, changes, want string }{
		{"one override", overrides(`"3": ` + scaled), "SSSF yarn"},
		{"two", overrides(`"1": ` + plain + `, "2": ` + plain), "SFFS default"},
		{"null", overrides(`"1": null`), "SSSS default"},
		{"pattern", pattern(`"s", "s", "f"`, ""), "SSFS yarn"},
		{"pattern longer than the model", pattern(`"s", "s", "s", "p", "nothing"`, ""), "SSSF default"},
		{"no layer", overrides(`"4": ` + scaled), `model.block_overrides: found layer "4", expected 0 to 3`},
		{"odd layer", overrides(`"01": ` + scaled), `model.block_overrides: found layer "01", expected 0 to 3`},
		{"no block", overrides(`"1": 5`), `model.block_overrides.1: found 5, expected an object`},
		{"empty", overrides(`"1": {}`), `model.block_overrides.1.`},
		{"other shape", overrides(`"1": ` + other), `model.block_overrides.1: found a block unlike that of the first layer, expected blocks that differ only in windows and rope`},
		{"other window", overrides(`"1": ` + wider), `model.block_overrides.1: found a window of 9 in layer 1 beside one of 8, expected one size`},
		{"other rope", overrides(`"1": ` + scaled + `, "2": ` + plain), `model.block_overrides.2: found other rope settings in layer 2 than in an earlier layer with full_attention, expected the same`},
		{"unknown name", pattern(`"s", "nothing\u001b"`, ""), `model.block_pattern: found the name "nothing\x1b", expected one of those in block`},
		{"pattern of other things", pattern(`1`, ""), `model.block_pattern[0]: found 1, expected a string`},
		{"pattern with overrides", pattern(`"s"`, `, "model/block_overrides": {"1": `+plain+`}`), `model.block_overrides: found some beside block_pattern, expected one of the two`},
		{"pattern, other shape", pattern(`"s", "x\n"`, ""), `model.block."x\n": found a block unlike that of the first layer`},
		{"pattern without named blocks", `{"model/block_pattern": ["a"]}`, `model.block_pattern: found the name "a", expected one of those in block`},
	} {
		got, err := parseCoreConfig([]byte(coreJSON(t, c.changes)), "d/config.json")
		kinds, rope, _ := strings.Cut(c.want, " ")
		if len(kinds) != 4 {
			wantError(t, err, "d/config.json: ", c.want)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		have := ""
		for _, l := range got.LayerTypes {
			have += strings.ToUpper(l[:1])
		}
		if have != kinds || got.Rope.Type != rope || got.RopeSliding.Type != "default" {
			t.Errorf("%s: got %s, %+v, %+v", c.name, have, got.Rope, got.RopeSliding)
		}
	}
}

// malformedCore are changes and what is said of them.
var malformedCore = []struct{ changes, want string }{
	{`{"model-": 0}`, `model.n_layers: found 0, expected 1 to 16384`},
	{`{"model": 5}`, `model: found 5, expected an object`},
	{`{"model/n_layers": 1000000}`, `model.n_layers: found 1000000, expected 1 to 16384`},
	{`{"model/n_layers": -1}`, `model.n_layers: found -1, expected 1 to 16384`},
	{`{"model/n_layers": "2"}`, `model.n_layers: found string "2", expected an integer`},
	{`{"model/d_model": null}`, `model.d_model: found null, expected an integer`},
	{`{"model/d_model-": 0}`, `model: hidden_size: found 0, expected`},
	{`{"model/name": "normalized"}`, `model.name: found "normalized", expected "default"`},
	{`{"model/embedding_norm": {"name": "rms"}}`, `model."embedding_norm": found an object, expected no such field: what it does to the model is not known here`},
	{`{"model/embed_scale": 2.0}`, `model."embed_scale": found 2.0, expected no such field`},
	{`{"model/next\u001b": [1]}`, `model."next\x1b": found a list of 1, expected no such field`},
	{`{"model/block/name": "moe"}`, `model.block.name: found "moe", expected "default" or "reordered_norm"`},
	{`{"model/block/name": "peri_norm"}`, `model.block.name: found "peri_norm"`},
	{`{"model/block/name": "default"}`, `model.block.layer_norm.name: found "rms", expected "default"`},
	{`{"model/block/feed_forward_moe": {"a": 1}}`, `model.block."feed_forward_moe": found an object, expected no such field`},
	{`{"model/block/attention_residual_alpha": 0.5}`, `model.block."attention_residual_alpha": found 0.5, expected no such field`},
	{`{"model/block/sequence_mixer": {}}`, `model.block.attention: found one beside sequence_mixer, expected one of the two`},
	{`{"model/block/attention-": 0}`, `model.block.attention: found none, expected one`},
	{`{"model/block/attention/name": "fused"}`, `model.block.attention.name: found "fused", expected "default"`},
	{`{"model/block/attention/name": "normalized"}`, `model.block.attention.name: found "normalized", expected "default"`},
	{`{"model/block/attention/bias-": 0}`, `model.block.attention.bias: found none, which means true, expected false`},
	{`{"model/block/attention/bias": true}`, `model.block.attention.bias: found true, expected false`},
	{`{"model/block/attention/n_heads": 0}`, `model: num_attention_heads: found 0, expected`},
	{`{"model/block/attention/n_kv_heads": 0}`, `model: num_key_value_heads: found 0, expected`},
	{`{"model/block/attention/gate": {"granularity": "headwise"}}`, `model.block.attention."gate": found an object, expected no such field`},
	{`{"model/block/attention/attention_sinks": true}`, `model.block.attention."attention_sinks": found true, expected no such field`},
	{`{"model/block/attention/scalable_softmax": true}`, `model.block.attention."scalable_softmax": found true`},
	{`{"model/block/attention/use_head_qk_norm": true}`, `model.block.attention."use_head_qk_norm": found true`},
	{`{"model/block/attention/qk_norm_per_head_gains": true}`, `model.block.attention."qk_norm_per_head_gains": found true`},
	{`{"model/block/attention/softmax_scale": 0.125}`, `model.block.attention."softmax_scale": found 0.125`},
	{`{"model/block/attention/clip_qkv": 8}`, `model: clip_qkv: found 8, expected none in olmo2`},
	{`{"model/block/attention/qk_norm-": 0}`, `model.block.attention.qk_norm.name: found "default", expected "rms" or "fused_rms" or "cute_rms"`},
	{`{"model/block/attention/qk_norm/name": "l2_norm"}`, `model.block.attention.qk_norm.name: found "l2_norm", expected`},
	{`{"model/block/attention/qk_norm/name": "qwen_rms"}`, `model.block.attention.qk_norm.name: found "qwen_rms", expected`},
	{`{"model/block/attention/qk_norm/eps": 1e-5}`, `model.block.attention.qk_norm.eps: found 1e-05, expected 1e-06 as in layer_norm`},
	{`{"model/block/attention/qk_norm/bias-": 0}`, `model.block.attention.qk_norm.bias: found none, which means true, expected false`},
	{`{"model/block/attention/qk_norm/elementwise_affine": false}`, `model.block.attention.qk_norm.elementwise_affine: found false, expected true`},
	{`{"model/block/layer_norm-": 0}`, `model.block.layer_norm.name: found "default", expected`},
	{`{"model/block/layer_norm/eps": 1e-7}`, `model.block.attention.qk_norm.eps: found 1e-06, expected 1e-07 as in layer_norm`},
	{`{"model/block/layer_norm/eps": 0}`, `model.block.attention.qk_norm.eps: found 1e-06, expected 0`},
	{`{"model/block/layer_norm/bias": true}`, `model.block.layer_norm.bias: found true, expected false`},
	{`{"model/block/attention/rope-": 0}`, `model.block.attention.rope: found none, expected rotary embeddings`},
	{`{"model/block/attention/rope/name": "complex"}`, `model.block.attention.rope.name: found "complex", expected "default"`},
	{`{"model/block/attention/rope/theta": "x"}`, `model.block.attention.rope.theta: found string "x", expected a number`},
	{`{"model/block/attention/rope/no_global_rope": true}`, `model.block.attention.rope."no_global_rope": found true, expected no such field`},
	{`{"model/block/attention/rope/partial_rotary_factor": 0.25}`, `model.block.attention.rope.partial_rotary_factor: found 0.25, expected 1`},
	{`{"model/block/attention/rope/scaling": {"factor": 8}}`, `model.block.attention.rope.scaling._CLASS_: found "", expected "olmo_core.nn.rope.YaRNRoPEScalingConfig"`},
	{`{"model/block/attention/rope/scaling": {"_CLASS_": "olmo_core.nn.rope.PIRoPEScalingConfig"}}`, `scaling._CLASS_: found "olmo_core.nn.rope.PIRoPEScalingConfig", expected`},
	{`{"model/block/attention/rope/scaling": {"_CLASS_": "olmo_core.nn.rope.YaRNRoPEScalingConfig", "mscale": 2}}`, `scaling."mscale": found 2, expected no such field`},
	{`{"model/block/attention/rope/scaling": {"_CLASS_": "olmo_core.nn.rope.YaRNRoPEScalingConfig", "factor": 0.5}}`, `model: rope_scaling.factor: found 0.5, expected 1 to`},
	{`{"model/block/attention/sliding_window": {"pattern": [0], "force_full_attention_on_first_layer": false}}`, `model.block.attention.sliding_window.pattern: found a window of 0, expected -1 or 1 to`},
	{`{"model/block/attention/sliding_window": {"pattern": ["8"]}}`, `model.block.attention.sliding_window.pattern: found string "8", expected an integer`},
	{`{"model/block/attention/sliding_window": {"pattern": [8], "sinks": 4}}`, `model.block.attention.sliding_window."sinks": found 4, expected no such field`},
	{`{"model/block/attention/sliding_window": [8]}`, `model.block.attention.sliding_window: found a list of 1, expected an object`},
	{`{"model/block/feed_forward-": 0}`, `model.block.feed_forward.bias: found none, which means true`},
	{`{"model/block/feed_forward/bias-": 0}`, `model.block.feed_forward.bias: found none, which means true, expected false`},
	{`{"model/block/feed_forward/activation": "gelu_tanh"}`, `model.block.feed_forward.activation: found "gelu_tanh", expected "silu"`},
	{`{"model/block/feed_forward/hidden_size-": 0}`, `model: intermediate_size: found 0, expected`},
	{`{"model/block/feed_forward/name": "normalized"}`, `model.block.feed_forward.name: found "normalized", expected "default"`},
	{`{"model/lm_head-": 0}`, `model.lm_head.bias: found none, which means true, expected false`},
	{`{"model/lm_head/name": "normalized"}`, `model.lm_head.name: found "normalized", expected "default"`},
	{`{"model/lm_head/bias-": 0}`, `model.lm_head.bias: found none, which means true, expected false`},
	{`{"model/lm_head/layer_norm-": 0}`, `model.lm_head.layer_norm.name: found "default", expected`},
	{`{"model/lm_head/layer_norm/eps": 1e-5}`, `model.lm_head.layer_norm.eps: found 1e-05, expected 1e-06 as in the blocks`},
	{`{"model/lm_head/logit_scale": 0.5}`, `model.lm_head."logit_scale": found 0.5, expected no such field`},
	{`{"dataset/tokenizer/eos_token_id": "513"}`, `dataset.tokenizer.eos_token_id: found string "513", expected an integer`},
	{`{"dataset": []}`, `dataset: found a list of 0, expected an object`},
	{`{"train_module/max_sequence_length": 0}`, `model: max_position_embeddings: found 0, expected`},
}

func TestCoreConfigRefuses(t *testing.T) {
	for _, c := range malformedCore {
		_, err := parseCoreConfig([]byte(coreJSON(t, c.changes)), "d/config.json")
		wantError(t, err, "d/config.json: ", c.want)
	}
	for changes, want := range map[string]string{
		`{"model/block/sequence_mixer/type": "gated_delta_net"}`: `model.block.sequence_mixer.type: found "gated_delta_net", expected "attention"`,
		`{"model/block/sequence_mixer/gate": {}}`:                `model.block.sequence_mixer."gate": found an object`,
		`{"model/block/sequence_mixer": null}`:                   `model.block.attention: found none, expected one`,
	} {
		_, err := parseCoreConfig([]byte(newCoreJSON(t, changes)), "d/config.json")
		wantError(t, err, "d/config.json: ", want)
	}
	const norm = `{"name": "default", "elementwise_affine": false, "bias": false}`
	first := `"model/block/name": "default", "model/block/layer_norm": ` + norm + `, "model/lm_head/layer_norm": ` + norm
	for changes, want := range map[string]string{
		first: `model.block.attention.qk_norm: found one in a block without reordered norms, expected none`,
		first + `, "model/block/attention/qk_norm-": 0, "model/block/layer_norm/eps": 1e-6`:                                            `model.block.layer_norm.eps: found 1e-06, expected 1e-05 in an OLMo 1`,
		first + `, "model/block/attention/qk_norm-": 0, "model/block/layer_norm/elementwise_affine-": 0`:                               `model.block.layer_norm.elementwise_affine: found none, which means true, expected false`,
		first + `, "model/block/attention/qk_norm-": 0, "model/lm_head/layer_norm/name": "rms"`:                                        `model.lm_head.layer_norm.name: found "rms", expected "default"`,
		first + `, "model/block/attention/qk_norm-": 0, "model/n_layers": 3, "model/block/attention/sliding_window": {"pattern": [8]}`: `model.block: found sliding windows in a block without reordered norms, expected none`,
	} {
		_, err := parseCoreConfig([]byte(coreJSON(t, `{`+changes+`}`)), "d/config.json")
		wantError(t, err, "d/config.json: ", want)
	}
	_, err := parseCoreConfig([]byte(`{"model": {"n_layers": 1`), "d/config.json")
	wantError(t, err, "d/config.json: byte 24: found the end of the document")
}

// TestReleasedCore reads what OLMo-core's own classes write for released models,
// in both generations: testdata/core.py.
func TestReleasedCore(t *testing.T) {
	released := func(shape string, change func(*Config)) *Config {
		c := shapes[shape].config()
		c.MaxPositionEmbeddings, c.EOSTokenID, c.PadTokenID = 4096, nil, nil
		change(c)
		return c
	}
	three := func(full Rope) func(*Config) {
		return func(c *Config) {
			c.ModelType, c.SlidingWindow, c.RopeSliding, c.Rope = OLMo3, 4096, c.Rope, full
			for i := range c.NumHiddenLayers {
				c.LayerTypes = append(c.LayerTypes, layerType(i%4 != 3))
			}
		}
	}
	long := yarnRope
	long.OriginalMaxPositions = 8192
	for _, file := range []string{"testdata/core-2.2.0.json", "testdata/core-3.0.0.json"} {
		all, err := ordjson.ParseObject(readFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]*Config{
			"olmo2-1B": released("1b", func(*Config) {}), "olmo2-32B": released("32b", func(*Config) {}),
			"olmo3-7B": released("7b", three(Rope{Type: "default", Theta: 500000})), "olmo3-7B-long": released("7b", three(long)),
		} {
			model, ok := all.Get(name)
			if !ok {
				t.Fatalf("%s: no %s", file, name)
			}
			text, err := ordjson.Encode(object("model", model), ordjson.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseCoreConfig(text, "config.json")
			if err != nil {
				t.Errorf("%s: %s: %v", file, name, err)
				continue
			}
			sameConfig(t, got, want)
		}
	}
}
