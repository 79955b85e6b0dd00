package olmo

import (
	"fmt"
	"math"
)

// The types of rotary embeddings that are translated, as transformers names them.
const (
	ropeDefault = "default"
	ropeLinear  = "linear"
	ropeYaRN    = "yarn"
)

// Rope describes rotary position embeddings.
type Rope struct {
	Type  string // "default", "linear" or "yarn"
	Theta float64
	// The rest is for scaled types; zero where not given.
	Factor               float64
	OriginalMaxPositions int64
	BetaFast, BetaSlow   *float64
	AttentionFactor      *float64
	ExtrapolationFactor  *float64 // llama.cpp knows it, no released model has it
}

// Scaled reports whether r is anything but plain rotary embeddings.
func (r Rope) Scaled() bool { return r.Type != ropeDefault }

// validate checks that the angles can be computed. The names are for messages:
// of theta, and what stands before that of the others.
func (r Rope) validate(theta, prefix string) error {
	if err := atLeast(theta, r.Theta, 1); err != nil {
		return err
	}
	switch r.Type {
	case ropeDefault:
		return nil
	case ropeLinear:
		return positive(prefix+"factor", r.Factor)
	case ropeYaRN:
	default:
		return fmt.Errorf("%srope_type: found %q, expected %q, %q or %q", prefix, r.Type, ropeDefault, ropeLinear, ropeYaRN)
	}
	if err := atLeast(prefix+"factor", r.Factor, 1); err != nil {
		return err
	}
	for _, f := range r.yarnFactors() {
		if f.v == nil {
			continue
		}
		if err := positive(prefix+f.key, *f.v); err != nil {
			return err
		}
	}
	return between(prefix+"original_max_position_embeddings", r.OriginalMaxPositions, maxContext)
}

// yarnFactors are the settings of YaRN that may be left out, by their names in
// config.json.
func (r *Rope) yarnFactors() []struct {
	key string
	v   *float64
} {
	return []struct {
		key string
		v   *float64
	}{
		{"beta_fast", r.BetaFast},
		{"beta_slow", r.BetaSlow},
		{"attention_factor", r.AttentionFactor},
		{"extrapolation_factor", r.ExtrapolationFactor},
	}
}

// diff calls cmp for each setting with the values of r and o, as they are
// computed with: in float32, and by default where nothing is said.
func (r Rope) diff(o Rope, cmp func(setting string, a, b any)) {
	f32 := func(setting string, a, b float64) { cmp(setting, float32(a), float32(b)) }
	opt := func(setting string, a, b *float64, da, db float64) { f32(setting, or(a, da), or(b, db)) }
	cmp("type", r.Type, o.Type)
	f32("theta", r.Theta, o.Theta)
	f32("factor", r.Factor, o.Factor)
	cmp("original_max_position_embeddings", r.OriginalMaxPositions, o.OriginalMaxPositions)
	opt("beta_fast", r.BetaFast, o.BetaFast, 32, 32)
	opt("beta_slow", r.BetaSlow, o.BetaSlow, 1, 1)
	opt("extrapolation_factor", r.ExtrapolationFactor, o.ExtrapolationFactor, 1, 1)
	if r.Type == ropeYaRN && o.Type == ropeYaRN {
		opt("attention_factor", r.AttentionFactor, o.AttentionFactor, yarnAttention(r.Factor), yarnAttention(o.Factor))
	}
}

// same reports whether r and o turn by the same angles.
func (r Rope) same(o Rope) bool {
	same := true
	r.diff(o, func(_ string, a, b any) { same = same && a == b })
	return same
}

// yarnAttention is the factor that YaRN scales cos and sin by, where a config
// does not say otherwise: 0.1·ln(s) + 1 (section 3.4 of the paper).
func yarnAttention(factor float64) float64 { return 0.1*math.Log(factor) + 1 }
