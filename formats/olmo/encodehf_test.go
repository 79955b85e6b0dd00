package olmo

import (
	"strings"
	"testing"
)

// TestEncodeHF: what is written for a config of another layout says the same.
func TestEncodeHF(t *testing.T) {
	for name, c := range map[string]*Config{
		"olmo1": open(t, testdata+"models/olmo1", "").Config, "olmo1-tied": open(t, testdata+"models/olmo1-tied", "").Config,
		"olmo2-gqa": open(t, testdata+"models/olmo2-gqa", "").Config, "olmo3": open(t, testdata+"models/olmo3", "").Config,
		"ids":           with(func(c *Config) { c.EOSTokenID, c.PadTokenID, c.BOSTokenID = []int64{1, 2}, nil, new(int64(3)) }),
		"no end":        with(func(c *Config) { c.EOSTokenID = nil }),
		"heads":         with(func(c *Config) { c.HeadDim = 32 }),
		"odd theta":     with(func(c *Config) { c.Rope.Theta = 12345.5 }),
		"linear":        with(func(c *Config) { c.Rope.Type, c.Rope.Factor = "linear", 2.5 }),
		"linear of 1":   with(func(c *Config) { c.ModelType, c.RMSNormEps, c.Rope.Type, c.Rope.Factor = OLMo1, 0, "linear", 4 }),
		"yarn":          with(func(c *Config) { c.Rope = yarnRope }),
		"windows":       with(windows),
		"two thetas":    with(windows, func(c *Config) { c.RopeSliding.Theta = 10000 }),
		"another theta": with(windows, func(c *Config) { c.Rope.Theta, c.RopeSliding.Theta = 10000, 10000 }),
		"all scaled":    with(windows, func(c *Config) { c.RopeSliding = yarnRope }),
		"one scaled":    with(windows, func(c *Config) { c.Rope = yarnRope }),
	} {
		t.Run(name, func(t *testing.T) {
			bare := *c
			bare.HF, bare.hfText = nil, nil
			text, err := bare.EncodeHF("bfloat16")
			if err != nil {
				t.Fatal(err)
			}
			sameConfig(t, parseHF(t, string(text)), c)
		})
	}
	// As save_pretrained spells it: sorted, integers where they are whole.
	text, err := with(windows).EncodeHF("float32")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"{\n  \"architectures\": [\n    \"Olmo3ForCausalLM\"\n  ],\n  \"attention_bias\": false,\n  \"attention_dropout\": 0.0,\n  \"eos_token_id\": 513,\n",
		"\n  \"rms_norm_eps\": 1e-06,\n  \"rope_scaling\": null,\n  \"rope_theta\": 500000,\n",
		"\n  \"torch_dtype\": \"float32\",\n", "\n}\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s\nwant %q in it", text, want)
		}
	}
}

var yarnRope = Rope{
	Type: "yarn", Theta: 500000, Factor: 8, OriginalMaxPositions: 64, BetaFast: new(32.0), BetaSlow: new(1.0),
	AttentionFactor: new(yarnAttention(8)),
}

// with is the tiny OLMo 2 with changes.
func with(changes ...func(*Config)) *Config {
	c := shapes["tiny"].config()
	for _, f := range changes {
		f(c)
	}
	return c
}

// windows makes an OLMo 3 of it.
func windows(c *Config) {
	c.ModelType, c.SlidingWindow, c.RopeSliding = OLMo3, 8, c.Rope
	c.LayerTypes = []string{SlidingAttention, FullAttention}
}
