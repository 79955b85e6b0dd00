package olmo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// legacyYAML is the part "model" of a config as OmegaConf saves it, with lines
// replaced or added; a line "key" without a value is deleted.
func legacyYAML(t testing.TB, lines ...string) string {
	t.Helper()
	text := strings.Split(string(readFile(t, mha+"olmo/config.yaml")), "\n")
	for _, l := range lines {
		key, _, ok := strings.Cut(l, ":")
		i := slices.IndexFunc(text, func(s string) bool { return strings.HasPrefix(s, "  "+key+":") })
		switch {
		case i < 0:
			text = slices.Insert(text, 5, "  "+l)
		case !ok:
			text = slices.Delete(text, i, i+1)
		default:
			text[i] = "  " + l
		}
	}
	return strings.Join(text, "\n")
}

// olmo1Lines make an OLMo 1 of it.
var olmo1Lines = []string{
	"layer_norm_type: default", "layer_norm_with_affine: false", "layer_norm_eps: 1.0e-05", "attention_layer_norm: false",
	"attention_layer_norm_with_affine: false", "norm_after: false", "rope_theta: 10000",
}

func TestLegacyConfig(t *testing.T) {
	base := Config{
		ModelType: OLMo2, VocabSize: 576, HiddenSize: 32, IntermediateSize: 96, NumHiddenLayers: 2, NumAttentionHeads: 4,
		NumKeyValueHeads: 4, HeadDim: 8, MaxPositionEmbeddings: 4096, RMSNormEps: 1e-6, HiddenAct: "silu", InitializerRange: 0.02,
		Rope: Rope{Type: "default", Theta: 500000}, EOSTokenID: []int64{513}, PadTokenID: new(int64(533)),
	}
	one := func(c *Config) { c.ModelType, c.RMSNormEps, c.Rope.Theta = OLMo1, 0, 10000 }
	for _, c := range []struct {
		name  string
		lines []string
		want  func(*Config)
	}{
		{"as it is", nil, func(*Config) {}},
		{"olmo 1", olmo1Lines, one},
		{"olmo 1 with clip", append([]string{"clip_qkv: 8.0"}, olmo1Lines...), func(c *Config) { one(c); c.ClipQKV = new(8.0) }},
		{"olmo 1, other norm", append(olmo1Lines, "layer_norm_type: low_precision"), one},
		{"mlp_ratio", []string{"mlp_hidden_size: null", "mlp_ratio: 8"}, func(c *Config) { c.IntermediateSize = 128 }},
		{"grouped", []string{"n_kv_heads: 2"}, func(c *Config) { c.NumKeyValueHeads = 2 }},
		{"multi-query", []string{"multi_query_attention: true"}, func(c *Config) { c.NumKeyValueHeads = 1 }},
		{"multi-query twice", []string{"multi_query_attention: true", "n_kv_heads: 1"}, func(c *Config) { c.NumKeyValueHeads = 1 }},
		{"multi-head", []string{"multi_query_attention: false", "n_kv_heads: 4"}, func(*Config) {}},
		{"no padding rows", []string{"embedding_size: null", "vocab_size: 600"}, func(c *Config) { c.VocabSize = 600 }},
		{"numbers", []string{"d_model: 32.0", "n_heads: 0x4", "n_layers: 0o2", "max_sequence_length: 4_096", "layer_norm_eps: 1e-06", "rope_theta: 5.0e+5"}, func(*Config) {}},
		{"explicit tags", []string{"d_model: !!int '32'", "rope: !!bool 'true'", "block_type: !!str sequential"}, func(*Config) {}},
		{"defaults", []string{
			"d_model", "n_heads", "n_layers", "mlp_hidden_size", "max_sequence_length", "weight_tying", "vocab_size", "embedding_size",
			"eos_token_id", "pad_token_id", "init_std", "rope_theta", "layer_norm_eps", "n_kv_heads", "multi_query_attention", "mlp_ratio",
		}, func(c *Config) {
			c.HiddenSize, c.NumAttentionHeads, c.NumKeyValueHeads, c.NumHiddenLayers, c.HeadDim = 768, 12, 12, 12, 64
			c.IntermediateSize, c.MaxPositionEmbeddings, c.TieWordEmbeddings, c.VocabSize = 1536, 1024, true, 50304
			c.EOSTokenID, c.PadTokenID, c.Rope.Theta, c.RMSNormEps = []int64{50256}, new(int64(50256)), 10000, 1e-5
		}},
		{"new fields that are off", []string{"a: null", "b: false"}, func(*Config) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseLegacyConfig([]byte(legacyYAML(t, c.lines...)), "config.yaml")
			if err != nil {
				t.Fatal(err)
			}
			want := base
			c.want(&want)
			sameConfig(t, got, &want)
		})
	}
}

// malformedLegacy are changed lines of a config.yaml and what is said of them.
var malformedLegacy = []struct {
	lines []string
	want  string
}{
	{[]string{"d_model: thirty"}, `model.d_model: found string "thirty", expected an integer`},
	{[]string{"d_model: '32'"}, `model.d_model: found string "32", expected an integer`},
	{[]string{"d_model: 32.5"}, `model.d_model: found "32.5", expected an integer`},
	{[]string{"d_model: null"}, `model.d_model: found null, expected an integer`},
	{[]string{"d_model: []"}, `model.d_model: found an array, expected an integer`},
	{[]string{"d_model: -32", "mlp_hidden_size: 192"}, `model: hidden_size: found -32, expected 1 to`},
	{[]string{"d_model: 99999999999999999999"}, `model.d_model: `},
	{[]string{"n_layers: 1000000"}, `model: num_hidden_layers: found 1000000, expected 1 to 16384`},
	{[]string{"n_heads: 0"}, `model: num_attention_heads: found 0, expected`},
	{[]string{"layer_norm_eps: .nan"}, `model.layer_norm_eps: line 30: found ".nan", expected a finite number of float64's range`},
	{[]string{"layer_norm_eps: 1e400"}, `model.layer_norm_eps: found string "1e400", expected a number`},
	{[]string{"mlp_hidden_size: 191"}, `model.mlp_hidden_size: found 191 rows of the MLP, expected an even number`},
	{[]string{"mlp_hidden_size: null", "mlp_ratio: 3", "d_model: 33"}, `model.mlp_ratio: found 99 rows of the MLP, expected an even number`},
	{[]string{"mlp_hidden_size: null", "mlp_ratio: 9223372036854775807"}, `model.mlp_ratio: found 9223372036854775807 with d_model 32, expected positive numbers up to`},
	{[]string{"mlp_hidden_size: null", "mlp_ratio: 2.7"}, `model.mlp_ratio: found "2.7", expected an integer`},
	{[]string{"n_kv_heads: 2", "multi_query_attention: true"}, `model.n_kv_heads: found 2 beside multi_query_attention true, expected 1`},
	{[]string{"n_kv_heads: 2", "multi_query_attention: false"}, `model.n_kv_heads: found 2 beside multi_query_attention false, expected 4`},
	{[]string{"rope: false"}, `model.rope: found false, expected true`},
	{[]string{"rope"}, `model.rope: found none, which means false, expected true`},
	{[]string{"rope: maybe"}, `model.rope: found "maybe", expected true or false`},
	{[]string{"alibi: true"}, `model.alibi: found true, expected false`},
	{[]string{"include_bias: true"}, `model.include_bias: found true, expected false`},
	{[]string{"include_bias"}, `model.include_bias: found none, which means true, expected false`},
	{[]string{"bias_for_layer_norm: true"}, `model.bias_for_layer_norm: found true, expected false`},
	{[]string{"scale_logits: true"}, `model.scale_logits: found true, expected false`},
	{[]string{"embedding_layer_norm: true"}, `model.embedding_layer_norm: found true, expected false`},
	{[]string{"block_type: llama"}, `model.block_type: found "llama", expected "sequential"`},
	{[]string{"activation_type: gelu"}, `model.activation_type: found "gelu", expected "swiglu"`},
	{[]string{"layer_norm_type: \"rms\\e\""}, `model.layer_norm_type: found "rms\x1b", expected "rms" or "default" or "low_precision"`},
	{[]string{"layer_norm_with_affine: false"}, `model.layer_norm_with_affine: found false, expected true with layer_norm_type rms`},
	{[]string{"attention_layer_norm: false"}, `model.attention_layer_norm: found false, expected true with layer_norm_type rms`},
	{[]string{"attention_layer_norm_with_affine: false"}, `model.attention_layer_norm_with_affine: found false, expected true with layer_norm_type rms`},
	{[]string{"norm_after: false"}, `model.norm_after: found false, expected true with layer_norm_type rms`},
	{[]string{"clip_qkv: 8"}, `model.clip_qkv: found 8, expected none with layer_norm_type rms`},
	{append(slices.Clone(olmo1Lines), "layer_norm_with_affine: true"), `model.layer_norm_with_affine: found true, expected false with layer_norm_type default`},
	{append(slices.Clone(olmo1Lines), "attention_layer_norm: true"), `model.attention_layer_norm: found true, expected false with layer_norm_type default`},
	{append(slices.Clone(olmo1Lines), "norm_after: true"), `model.norm_after: found true, expected false with layer_norm_type default`},
	{append(slices.Clone(olmo1Lines), "layer_norm_eps: 1e-6"), `model.layer_norm_eps: found 1e-06, expected 1e-05 with layer_norm_type default`},
	{[]string{"rope_theta: 0"}, `model: rope_theta: found 0, expected 1 to`},
	{[]string{"window: 4096"}, `model."window": found 4096, expected no such field: what it does to the model is not known here`},
	{[]string{"\"x\\e\": [1]"}, `model."x\x1b": found a list of 0, expected no such field`},
	{[]string{"a: {b: c}"}, `model."a": found an object, expected no such field`},
	{[]string{"d_model: &x 32", "n_heads: *x"}, `model.n_heads: line 7: found the alias "x", expected a value`},
	{[]string{"<<: {d_model: 32}"}, `model: line 6: found a key "<<", expected a name`},
	{[]string{"7: 7"}, `model: line 6: found a key "7", expected a name`},
	{[]string{"[a]: 7"}, `model: line 6: found a key "", expected a name`},
	{[]string{"d_model: !!python/object:os.system 32"}, `model.d_model: line 6: found the tag "!!python/object:os.system", expected a plain value`},
	{[]string{"d_model: !x 32"}, `model.d_model: line 6: found the tag "!x", expected a plain value`},
	{[]string{"zz: 1\n  zz: 2"}, `model: line 7: found the key "zz" a second time, expected each key once`},
}

func TestLegacyConfigRefuses(t *testing.T) {
	for _, c := range malformedLegacy {
		_, err := parseLegacyConfig([]byte(legacyYAML(t, c.lines...)), "d/config.yaml")
		wantError(t, err, "d/config.yaml: ", c.want)
	}
	var bomb strings.Builder
	bomb.WriteString("model:\n  a0: &a0 [x, x]\n")
	for i := range 200 {
		fmt.Fprintf(&bomb, "  a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i)
	}
	for text, want := range map[string]string{
		"":                          `found YAML that cannot be read: `,
		"model":                     `found no mapping "model", expected the trainer's config`,
		"model: 5":                  `found no mapping "model", expected the trainer's config`,
		"modell: {}":                `found no mapping "model", expected the trainer's config`,
		"[model]":                   `found no mapping "model", expected the trainer's config`,
		"model: *m":                 `found YAML that cannot be read: `,
		"&m [*m]":                   `found no mapping "model", expected the trainer's config`,
		"x: &m {}\nmodel: *m":       `found no mapping "model", expected the trainer's config`,
		"model: {}\n---\nmodel: {}": `found YAML that cannot be read: `,
		"model: {}\nmodel: {}":      `line 2: found the key "model" a second time, expected each key once`,
		"a:\n\tb: \x1b[2J":          `found YAML that cannot be read: `,
		"model: \x00":               `found YAML that cannot be read: `,
		"model: \xff":               `found YAML that cannot be read: `,
		"model: {a: \"\\":           `found YAML that cannot be read: `,
		bomb.String():               `model.rope: found none, which means false, expected true`,
		strings.Repeat("[", 1<<17):  `found YAML that cannot be read: `,
		strings.Repeat("- ", 1<<20): `found more than 262144 values, expected a config of fewer`,
		"a: [" + strings.Repeat("x,", 1<<20) + "]": `found more than 262144 values`,
		"a: " + strings.Repeat("x", 4<<20):         `found 4194307 bytes, expected at most 4194304`,
	} {
		start := time.Now()
		_, err := parseLegacyConfig([]byte(text), "d/config.yaml")
		wantError(t, err, "d/config.yaml: ", want)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%.20q: took %v", text, d)
		}
	}
}
