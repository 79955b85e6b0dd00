package olmo

import (
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

func TestEncodeCore(t *testing.T) {
	for name, c := range map[string]*Config{
		"olmo2": with(), "heads": with(func(c *Config) { c.HeadDim = 32 }), "tied": with(func(c *Config) { c.TieWordEmbeddings = true }),
		"olmo1":      with(func(c *Config) { c.ModelType, c.RMSNormEps, c.ClipQKV = OLMo1, 0, new(8.0) }),
		"yarn":       with(func(c *Config) { c.Rope = yarnRope }),
		"windows":    with(windows),
		"long":       with(windows, func(c *Config) { c.Rope = yarnRope }),
		"two thetas": with(windows, func(c *Config) { c.RopeSliding.Theta = 10000 }),
		"all scaled": with(windows, func(c *Config) { c.RopeSliding = yarnRope }),
		"sliding":    with(windows, func(c *Config) { c.LayerTypes = []string{SlidingAttention, SlidingAttention} }),
		"bos":        with(func(c *Config) { c.BOSTokenID = new(int64(1)) }),
	} {
		text, err := c.encodeCore(formats.BF16)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := parseCoreConfig(text, "config.json")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameConfig(t, got, c)
	}
	for want, change := range map[string]func(*Config){
		`eos_token_id: found [1 2], expected one id in OLMo-core's config`:                func(c *Config) { c.EOSTokenID = []int64{1, 2} },
		`eos_token_id: found [], expected one id`:                                         func(c *Config) { c.EOSTokenID = nil },
		`rope_scaling.rope_type: found "linear", expected "default" or "yarn"`:            func(c *Config) { c.Rope.Type = "linear" },
		`rope_theta: found 0.5, expected a whole number in OLMo-core's config`:            func(c *Config) { c.Rope.Theta = 0.5 },
		`rope_scaling.beta_fast: found 32.5, expected a whole number`:                     func(c *Config) { c.Rope = yarnRope; c.Rope.BetaFast = new(32.5) },
		`rope_scaling.beta_slow: found 0.5, expected a whole number`:                      func(c *Config) { c.Rope = yarnRope; c.Rope.BetaSlow = new(0.5) },
		`rope_scaling.attention_factor: found 1.2, expected 1.2079`:                       func(c *Config) { c.Rope = yarnRope; c.Rope.AttentionFactor = new(1.2) },
		`rope_scaling.attention_factor: found 1.207944, expected 1.2079441541679836`:      func(c *Config) { c.Rope = yarnRope; c.Rope.AttentionFactor = new(1.207944) },
		`rope_scaling.extrapolation_factor: found 0.5, expected none or 1`:                func(c *Config) { c.Rope = yarnRope; c.Rope.ExtrapolationFactor = new(0.5) },
		`layer_types: found no "sliding_attention", expected one: OLMo-core takes such a`: func(c *Config) { windows(c); c.LayerTypes = []string{FullAttention, FullAttention} },
	} {
		if _, err := with(change).encodeCore(formats.BF16); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := with().encodeCore(formats.Q8_0); err == nil || err.Error() != "found weights of Q8_0, expected a type of torch" {
		t.Errorf("got %v", err)
	}
}

func TestShortest(t *testing.T) {
	for _, c := range []struct{ in, want []int64 }{
		{[]int64{1}, []int64{1}},
		{[]int64{1, 1}, []int64{1}},
		{[]int64{1, 2, 1}, []int64{1, 2}},
		{[]int64{1, 1, 2}, []int64{1, 1, 2}},
		{[]int64{8, 8, 8, -1, 8, 8, 8, -1}, []int64{8, 8, 8, -1}},
		{nil, nil},
	} {
		if got := shortest(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.in, got, c.want)
		}
	}
}
