package olmo

import (
	"slices"
	"testing"
)

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"nothing", func(c *Config) {}, nil},
		{"no function", func(c *Config) {
			c.EOSTokenID, c.PadTokenID, c.MaxPositionEmbeddings, c.InitializerRange, c.TieWordEmbeddings = nil, nil, 1, 1, true
			c.RMSNormEps = float64(float32(1e-6))
			c.Rope.BetaFast, c.Rope.BetaSlow = nil, nil
		}, nil},
		{"sizes", func(c *Config) {
			c.VocabSize, c.HiddenSize, c.IntermediateSize, c.NumHiddenLayers = 1, 2, 3, 4
			c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim, c.HiddenAct = 5, 6, 7, "x"
		}, []string{
			"vocab_size: 576 and 1", "hidden_size: 64 and 2", "intermediate_size: 96 and 3", "num_hidden_layers: 2 and 4",
			"num_attention_heads: 4 and 5", "num_key_value_heads: 2 and 6", "head_dim: 16 and 7", "hidden_act: silu and x",
		}},
		{"type", func(c *Config) { c.ModelType = OLMo2 }, []string{"model_type: olmo3 and olmo2"}},
		{"numbers", func(c *Config) { c.RMSNormEps, c.ClipQKV = 1e-5, new(8.0) }, []string{"rms_norm_eps: 1e-06 and 1e-05", "clip_qkv: 0 and 8"}},
		{
			"rope", func(c *Config) { c.Rope = Rope{Type: "linear", Theta: 1, Factor: 2} },
			[]string{"rope: type: yarn and linear", "rope: theta: 500000 and 1", "rope: factor: 8 and 2", "rope: original_max_position_embeddings: 64 and 0"},
		},
		{"yarn", func(c *Config) {
			c.Rope.BetaFast, c.Rope.BetaSlow, c.Rope.AttentionFactor, c.Rope.ExtrapolationFactor = new(33.0), new(2.0), new(1.0), new(0.5)
		}, []string{"rope: beta_fast: 32 and 33", "rope: beta_slow: 1 and 2", "rope: extrapolation_factor: 1 and 0.5", "rope: attention_factor: 1.2079442 and 1"}},
		{"attention factor that is the default", func(c *Config) { c.Rope.AttentionFactor = nil }, nil},
		{"windows", func(c *Config) {
			c.SlidingWindow, c.LayerTypes, c.RopeSliding.Theta = 9, []string{FullAttention, FullAttention}, 10000
		}, []string{"rope of sliding layers: theta: 500000 and 10000", "sliding_window: 8 and 9", "layer_types[0]: sliding_attention and full_attention"}},
	} {
		a, b := with(windows), with(windows)
		a.Rope, b.Rope = yarnRope, yarnRope
		c.change(b)
		if got := a.Diff(b); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	// A config in the spelling of transformers 4 does not speak of the sliding layers.
	flat := parseHF(t, string(readFile(t, testdata+"configs/olmo3-transformers4.json")))
	other := *flat
	other.HF, other.RopeSliding.Theta = nil, 7
	if d := flat.Diff(&other); len(d) > 0 {
		t.Errorf("got %q", d)
	}
}
