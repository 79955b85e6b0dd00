package olmo

import (
	"strings"
	"testing"
)

// TestEncodeLegacy: the trainer's own order and spelling, which PyYAML reads
// with the types that the trainer's classes want.
func TestEncodeLegacy(t *testing.T) {
	const want = `model:
  d_model: 64
  n_heads: 4
  n_kv_heads: 2
  clip_qkv: null
  n_layers: 2
  mlp_hidden_size: 192
  activation_type: swiglu
  block_type: sequential
  block_group_size: 1
  alibi: false
  rope: true
  rope_full_precision: true
  rope_theta: 500000
  attention_dropout: 0.0
  multi_query_attention: null
  attention_layer_norm: true
  residual_dropout: 0.0
  embedding_dropout: 0.0
  layer_norm_type: rms
  layer_norm_with_affine: true
  layer_norm_eps: 1.0e-06
  attention_layer_norm_with_affine: true
  max_sequence_length: 256
  include_bias: false
  bias_for_layer_norm: false
  scale_logits: false
  vocab_size: 576
  embedding_size: 576
  weight_tying: false
  eos_token_id: 513
  pad_token_id: 533
  init_std: 0.02
  norm_after: true
`
	got, err := with().encodeLegacy()
	if err != nil || string(got) != want {
		t.Errorf("got %v\n%s", err, got)
	}
	clip, err := with(func(c *Config) {
		c.ModelType, c.RMSNormEps, c.ClipQKV, c.PadTokenID, c.TieWordEmbeddings, c.InitializerRange = OLMo1, 0, new(8.0), nil, true, 1.5e-7
	}).encodeLegacy()
	for _, line := range []string{"clip_qkv: 8.0", "layer_norm_type: default", "layer_norm_eps: 1.0e-05", "norm_after: false", "pad_token_id: 513", "weight_tying: true", "init_std: 1.5e-07"} {
		if err != nil || !strings.Contains(string(clip), "\n  "+line+"\n") {
			t.Errorf("got %v\n%s\nwant %q in it", err, clip, line)
		}
	}
	for want, change := range map[string]func(*Config){
		`model_type: found "olmo3", expected "olmo" or "olmo2"`:           windows,
		`rope_scaling: found "yarn", expected none`:                       func(c *Config) { c.Rope = yarnRope },
		`rope_scaling: found "linear", expected none`:                     func(c *Config) { c.Rope.Type = "linear" },
		`rope_theta: found 500000.5, expected a whole number`:             func(c *Config) { c.Rope.Theta = 500000.5 },
		`head_dim: found 8, expected 4 heads to share hidden_size 64`:     func(c *Config) { c.HeadDim = 8 },
		`eos_token_id: found [1 2], expected one id in the legacy layout`: func(c *Config) { c.EOSTokenID = []int64{1, 2} },
		`eos_token_id: found [], expected one id in the legacy layout`:    func(c *Config) { c.EOSTokenID = nil },
	} {
		if _, err := with(change).encodeLegacy(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
