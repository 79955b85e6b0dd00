package olmo

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameConfig compares all that a config says, but for where it was read.
func sameConfig(t testing.TB, got, want *Config) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Config{}, "HF"), cmpopts.IgnoreUnexported(Config{})); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func parseHF(t testing.TB, text string) *Config {
	t.Helper()
	c, err := ParseHFConfig([]byte(text), "config.json")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTwoSpellings: transformers 4 and 5 write the same config in two ways, and
// say the same.
func TestTwoSpellings(t *testing.T) {
	for _, name := range models {
		four := parseHF(t, string(readFile(t, testdata+"configs/"+name+"-transformers4.json")))
		five := parseHF(t, string(readFile(t, testdata+"configs/"+name+"-transformers5.json")))
		sameConfig(t, four, five)
		if d := four.Diff(five); len(d) > 0 {
			t.Errorf("%s: %v", name, d)
		}
		here := parseHF(t, string(readFile(t, testdata+"models/"+name+"/config.json")))
		sameConfig(t, here, five)
	}
}

// TestHFDefaults: what the classes of transformers say where a file says nothing.
func TestHFDefaults(t *testing.T) {
	base := Config{
		VocabSize: 50304, HiddenSize: 4096, IntermediateSize: 11008, NumHiddenLayers: 32, NumAttentionHeads: 32,
		NumKeyValueHeads: 32, HeadDim: 128, MaxPositionEmbeddings: 2048, HiddenAct: "silu", InitializerRange: 0.02,
		PadTokenID: new(int64(1)), EOSTokenID: []int64{50279},
	}
	one, two, three := base, base, base
	one.ModelType, one.Rope = OLMo1, Rope{Type: "default", Theta: 10000}
	two.ModelType, two.RMSNormEps, two.Rope = OLMo2, 1e-5, Rope{Type: "default", Theta: 10000}
	three.ModelType, three.RMSNormEps, three.SlidingWindow = OLMo3, 1e-5, 4096
	three.Rope = Rope{Type: "default", Theta: 500000}
	three.RopeSliding = three.Rope
	for i := range 32 {
		three.LayerTypes = append(three.LayerTypes, layerType(i%4 != 3))
	}
	sameConfig(t, parseHF(t, `{"model_type": "olmo"}`), &one)
	sameConfig(t, parseHF(t, `{"model_type": "olmo2"}`), &two)
	sameConfig(t, parseHF(t, `{"model_type": "olmo3"}`), &three)
	// null is absence where the classes have an optional field.
	sameConfig(t, parseHF(t, `{"model_type": "olmo3", "num_key_value_heads": null, "head_dim": null, "rope_scaling": null,
		"rope_parameters": null, "layer_types": null, "quantization_config": null}`), &three)
	none := parseHF(t, `{"model_type": "olmo2", "bos_token_id": null, "eos_token_id": null, "pad_token_id": null}`)
	if none.BOSTokenID != nil || none.EOSTokenID != nil || none.PadTokenID != nil {
		t.Errorf("got %v, %v, %v", none.BOSTokenID, none.EOSTokenID, none.PadTokenID)
	}
}

func TestHFRopes(t *testing.T) {
	yarn := Rope{Type: "yarn", Theta: 500000, Factor: 8, OriginalMaxPositions: 8192}
	full := yarn
	full.BetaFast, full.BetaSlow, full.AttentionFactor, full.ExtrapolationFactor = new(32.0), new(1.0), new(1.2), new(1.0)
	plain := func(theta float64) Rope { return Rope{Type: "default", Theta: theta} }
	for _, c := range []struct {
		name, text    string
		full, sliding Rope
	}{
		{"v4", `"rope_theta": 20000`, plain(20000), plain(20000)},
		{"v4 yarn", `"rope_scaling": {"rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 8192}`, yarn, plain(500000)},
		{"oldest", `"rope_scaling": {"type": "yarn", "factor": 8, "original_max_position_embeddings": 8192}`, yarn, plain(500000)},
		{"all of yarn", `"rope_scaling": {"rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 8192, "beta_fast": 32, "beta_slow": 1,
			"attn_factor": 1.2, "extrapolation_factor": 1, "truncate": true, "mscale": null}`, full, plain(500000)},
		{"context", `"max_position_embeddings": 8192, "rope_scaling": {"rope_type": "yarn", "factor": 8}`, yarn, plain(500000)},
		{"linear", `"rope_scaling": {"rope_type": "linear", "factor": 0.5}`, Rope{Type: "linear", Theta: 500000, Factor: 0.5}, plain(500000)},
		{"empty", `"rope_scaling": {}`, plain(500000), plain(500000)},
		{"v5 flat", `"rope_parameters": {"rope_type": "default", "rope_theta": 20000}`, plain(20000), plain(20000)},
		{"v5 nested", `"rope_parameters": {"full_attention": {"rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 8192, "rope_theta": 500000},
			"sliding_attention": {"rope_type": "default", "rope_theta": 30000}}`, yarn, plain(30000)},
		{"v5 half", `"rope_parameters": {"full_attention": {"rope_theta": 20000}, "sliding_attention": null}`, plain(20000), plain(500000)},
		{"both", `"rope_theta": 500000, "rope_scaling": {"rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 8192},
			"rope_parameters": {"rope_type": "default", "rope_theta": 500000}`, yarn, plain(500000)},
		{"whole heads", `"partial_rotary_factor": 1.0, "rope_parameters": {"partial_rotary_factor": 1}`, plain(500000), plain(500000)},
	} {
		got := parseHF(t, `{"model_type": "olmo3", `+c.text+`}`)
		if !reflect.DeepEqual(got.Rope, c.full) || !reflect.DeepEqual(got.RopeSliding, c.sliding) {
			t.Errorf("%s: got %+v, %+v", c.name, got.Rope, got.RopeSliding)
		}
	}
	two := parseHF(t, `{"model_type": "olmo2", "rope_parameters": {"rope_theta": 7e5, "full_attention": {"rope_theta": 1}}}`)
	if !reflect.DeepEqual(two.Rope, plain(700000)) || !reflect.DeepEqual(two.RopeSliding, Rope{}) {
		t.Errorf("got %+v, %+v", two.Rope, two.RopeSliding)
	}
}

// TestHFNumbers: an integral float is an integer, and nothing else is taken for
// a number.
func TestHFNumbers(t *testing.T) {
	got := parseHF(t, `{"model_type": "olmo2", "num_hidden_layers": 32.0, "hidden_size": 4.096e3, "rms_norm_eps": 1E-6, "eos_token_id": [1, 2.0], "rope_theta": 500000}`)
	if got.NumHiddenLayers != 32 || got.HiddenSize != 4096 || got.RMSNormEps != 1e-6 || !slices.Equal(got.EOSTokenID, []int64{1, 2}) {
		t.Errorf("got %+v", got)
	}
}

// malformedHF are changes to a small config.json and what is said of them.
var malformedHF = []struct{ changes, want string }{
	{`{"model_type": "llama"}`, `model_type: found "llama", expected "olmo" or "olmo2" or "olmo3"`},
	{`{"model_type": null}`, `model_type: found null, expected a string`},
	{`{"model_type": ["olmo2"]}`, `model_type: found a list of 1, expected a string`},
	{`{"model_type-": 0}`, `model_type: found "", expected`},
	{`{"hidden_size": "32"}`, `hidden_size: found string "32", expected an integer`},
	{`{"hidden_size": 32.5}`, `hidden_size: found "32.5", expected an integer`},
	{`{"hidden_size": 1e309}`, `hidden_size: found "1e309", expected an integer of 64 bits`},
	{`{"hidden_size": null}`, `hidden_size: found null, expected an integer`},
	{`{"hidden_size": true}`, `hidden_size: found true, expected an integer`},
	{`{"hidden_size": {}}`, `hidden_size: found an object, expected an integer`},
	{`{"hidden_size": -32}`, `hidden_size: found -32, expected 1 to 67108864`},
	{`{"hidden_size": 0}`, `hidden_size: found 0, expected 1 to`},
	{`{"hidden_size": 4611686018427387904}`, `hidden_size: found 4611686018427387904, expected 1 to`},
	{`{"hidden_size": 2}`, `head_dim: found 0, expected 1 to`},
	{`{"hidden_size": 28}`, `head_dim: found 7, expected an even number: rotary embeddings turn pairs`},
	{`{"vocab_size": 0}`, `vocab_size: found 0, expected`},
	{`{"intermediate_size": -1}`, `intermediate_size: found -1, expected`},
	{`{"num_hidden_layers": 0}`, `num_hidden_layers: found 0, expected 1 to 16384`},
	{`{"num_hidden_layers": 1e15}`, `num_hidden_layers: found 1000000000000000, expected 1 to 16384`},
	{`{"num_attention_heads": 0}`, `num_attention_heads: found 0, expected`},
	{`{"num_attention_heads": -4}`, `num_attention_heads: found -4, expected`},
	{`{"num_key_value_heads": 0}`, `num_key_value_heads: found 0, expected 1 to`},
	{`{"num_key_value_heads": 3}`, `num_key_value_heads: found 3, expected a divisor of num_attention_heads 4`},
	{`{"num_key_value_heads": 8}`, `num_key_value_heads: found 8, expected a divisor of num_attention_heads 4`},
	{`{"head_dim": 0}`, `head_dim: found 0, expected a positive number`},
	{`{"head_dim": -8}`, `head_dim: found -8, expected 1 to`},
	{`{"head_dim": 33554432}`, `head_dim: found 33554432 for 4 heads, expected a product of at most 67108864`},
	{`{"max_position_embeddings": 0}`, `max_position_embeddings: found 0, expected 1 to 2147483647`},
	{`{"max_position_embeddings": 2147483648}`, `max_position_embeddings: found 2147483648, expected 1 to 2147483647`},
	{`{"attention_bias": true}`, `attention_bias: found true, expected false: no OLMo model has biases`},
	{`{"attention_bias": "no"}`, `attention_bias: found "no", expected true or false`},
	{`{"tie_word_embeddings": 1}`, `tie_word_embeddings: found 1, expected true or false`},
	{`{"hidden_act": "gelu"}`, `hidden_act: found "gelu", expected "silu"`},
	{`{"hidden_act": 5}`, `hidden_act: found 5, expected a string`},
	{`{"initializer_range": -0.02}`, `initializer_range: found -0.02, expected 0 to`},
	{`{"initializer_range": 1e309}`, `initializer_range: found "1e309", expected a number of float64's range`},
	{`{"rms_norm_eps": 0}`, `rms_norm_eps: found 0, expected`},
	{`{"rms_norm_eps": 1e-50}`, `rms_norm_eps: found 1e-50, expected`},
	{`{"rms_norm_eps": 1e39}`, `rms_norm_eps: found 1e+39, expected`},
	{`{"rms_norm_eps": "1e-6"}`, `rms_norm_eps: found string "1e-6", expected a number`},
	{`{"model_type": "olmo", "clip_qkv": 0}`, `clip_qkv: found 0, expected`},
	{`{"model_type": "olmo", "clip_qkv": -8.0}`, `clip_qkv: found -8, expected`},
	{`{"eos_token_id": "513"}`, `eos_token_id: found string "513", expected an integer`},
	{`{"eos_token_id": [1, [2]]}`, `eos_token_id: found an array, expected an integer`},
	{`{"pad_token_id": 0.5}`, `pad_token_id: found "0.5", expected an integer`},
	{`{"rope_theta": 0}`, `rope_theta: found 0, expected 1 to`},
	{`{"rope_theta": -1}`, `rope_theta: found -1, expected 1 to`},
	{`{"rope_theta": null}`, `rope_theta: found null, expected a number`},
	{`{"rope_scaling": "yarn"}`, `rope_scaling: found "yarn", expected an object`},
	{`{"rope_scaling": []}`, `rope_scaling: found a list of 0, expected an object`},
	{`{"rope_scaling": {"type": "dynamic", "factor": 2}}`, `rope_scaling.rope_type: found "dynamic", expected "default", "linear" or "yarn"`},
	{`{"rope_scaling": {"rope_type": 1}}`, `rope_scaling.rope_type: found 1, expected a string`},
	{`{"rope_scaling": {"rope_type": "linear"}}`, `rope_scaling.factor: found 0, expected`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 0.5}}`, `rope_scaling.factor: found 0.5, expected 1 to`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": null}}`, `rope_scaling.factor: found null, expected a number`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 0}}`, `rope_scaling.original_max_position_embeddings: found 0, expected 1 to`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 8, "beta_fast": 0}}`, `rope_scaling.beta_fast: found 0, expected`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 8, "attention_factor": -1}}`, `rope_scaling.attention_factor: found -1, expected`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 8, "mscale": 1}}`, `rope_scaling.mscale: found 1, expected none: no OLMo model has it`},
	{`{"rope_scaling": {"rope_type": "yarn", "factor": 8, "truncate": false}}`, `rope_scaling.truncate: found false, expected true`},
	{`{"rope_scaling": {"partial_rotary_factor": 0.5}}`, `rope_scaling.partial_rotary_factor: found 0.5, expected 1: OLMo models turn whole heads`},
	{`{"partial_rotary_factor": 0.25}`, `partial_rotary_factor: found 0.25, expected 1`},
	{`{"rope_parameters": {"rope_theta": "x"}}`, `rope_parameters.rope_theta: found string "x", expected a number`},
	{`{"quantization_config": {"quant_method": "awq"}}`, `quantization_config: found an object, expected none: quantised weights of transformers are not read`},
	{`{"model_type": "olmo3", "layer_types": ["full_attention"]}`, `layer_types: found 1 entries, expected 2, one per layer`},
	{`{"model_type": "olmo3", "layer_types": ["full_attention", "chunked\n"]}`, `layer_types[1]: found "chunked\n", expected "full_attention" or "sliding_attention"`},
	{`{"model_type": "olmo3", "layer_types": ["full_attention", 1]}`, `layer_types[1]: found 1, expected a string`},
	{`{"model_type": "olmo3", "layer_types": "full_attention"}`, `layer_types: found "full_attention", expected a list of strings`},
	{`{"model_type": "olmo3", "sliding_window": 0}`, `sliding_window: found 0, expected 1 to`},
	{`{"model_type": "olmo3", "sliding_window": null}`, `sliding_window: found 0, expected 1 to`},
	{`{"model_type": "olmo3", "sliding_window": 2147483648}`, `sliding_window: found 2147483648, expected 1 to`},
	{`{"model_type": "olmo3", "rope_parameters": {"sliding_attention": {"rope_theta": 0}}}`, `rope_parameters.sliding_attention.rope_theta: found 0, expected 1 to`},
	{`{"model_type": "olmo3", "rope_parameters": {"full_attention": 5}}`, `rope_parameters.full_attention: found 5, expected an object`},
}

const smallHF = `{"model_type": "olmo2", "hidden_size": 32, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 576}`

func TestHFConfigRefuses(t *testing.T) {
	for _, c := range malformedHF {
		_, err := ParseHFConfig([]byte(changed(t, smallHF, c.changes)), "d/config.json")
		wantError(t, err, "d/config.json: ", c.want)
	}
	for text, want := range map[string]string{
		``:                       `byte 0: found the end of the document, expected an object`,
		`[]`:                     `byte 0: found an array, expected an object`,
		`{"a":1,"a":2}`:          `byte 7: found key "a" a second time`,
		`{"hidden_size": NaN}`:   `byte 16: found "NaN"`,
		smallHF + `x`:            `expected the end of the document`,
		strings.Repeat(`[`, 300): `expected an object`,
		`{"a":` + strings.Repeat(`[`, 300) + strings.Repeat(`]`, 300) + `}`: `more than 128 levels of nesting`,
	} {
		_, err := ParseHFConfig([]byte(text), "d/config.json")
		wantError(t, err, "d/config.json: ", want)
	}
}

func TestValidateNaN(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"rms_norm_eps: found NaN":             func(c *Config) { c.RMSNormEps = math.NaN() },
		"rope_theta: found +Inf":              func(c *Config) { c.Rope.Theta = math.Inf(1) },
		"rope_theta: found NaN":               func(c *Config) { c.Rope.Theta = math.NaN() },
		"initializer_range: found NaN":        func(c *Config) { c.InitializerRange = math.NaN() },
		"clip_qkv: found 8, expected none in": func(c *Config) { c.ClipQKV = new(8.0) },
	} {
		if err := with(change).Validate(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}
