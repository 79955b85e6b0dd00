package forward

import (
	"fmt"
	"math"
	"testing"

	"olmotool/formats/olmo"
)

// The ropes of testdata/make.py.
var ropes = []struct {
	name    string
	headDim int
	rope    olmo.Rope
}{
	{"plain", 128, olmo.Rope{Type: "default", Theta: 500000}},
	{"released", 128, olmo.Rope{
		Type: "yarn", Theta: 500000, Factor: 8, OriginalMaxPositions: 8192,
		BetaFast: new(32.0), BetaSlow: new(1.0), AttentionFactor: new(1.2079441541679836),
	}},
	{"linear", 20, olmo.Rope{Type: "linear", Theta: 10000, Factor: 4}},
	{"yarn-default-factor", 24, olmo.Rope{Type: "yarn", Theta: 10000, Factor: 4, OriginalMaxPositions: 128}},
	{"yarn-short-context", 16, olmo.Rope{Type: "yarn", Theta: 10000, Factor: 3, OriginalMaxPositions: 5}},
	{"yarn-one-step", 16, olmo.Rope{
		Type: "yarn", Theta: 10000, Factor: 8, OriginalMaxPositions: 64, BetaFast: new(4.0), BetaSlow: new(3.0),
	}},
}

// The bits of transformers' frequencies; its cosines and sines but for the last
// bit, which its library of functions does not always get right.
func TestRope(t *testing.T) {
	g := openGolden(t, "rope")
	positions := []int{1, 4095, 8191, 65535}
	for _, r := range ropes {
		t.Run(r.name, func(t *testing.T) {
			turn, _ := frequencies(r.rope, r.headDim)
			want := g.floats(r.name + ".turn")
			for j, w := range want {
				if float64(turn[j]) != w {
					t.Errorf("pair %d turns by %v, want %v", j, turn[j], w)
				}
			}
			cos, sin := g.floats(r.name+".cos"), g.floats(r.name+".sin")
			for i, p := range positions {
				x := rope[float32](r.rope, r.headDim, p-1, 2) // positions p−1 and p
				for j := range turn {
					at := i*len(turn) + j
					for _, c := range []struct {
						name string
						got  float32
						want float64
					}{{"cos", x.cos.Row(1)[j], cos[at]}, {"sin", x.sin.Row(1)[j], sin[at]}} {
						if math.Abs(float64(c.got)-c.want) > 0x1p-23 {
							t.Errorf("%s of pair %d at %d is %v, want %v", c.name, j, p, c.got, c.want)
						}
					}
				}
			}
		})
	}
}

// Values by the formula in double precision, beside the float32 ones: nothing
// but roundings is between them.
func TestFrequencies(t *testing.T) {
	for _, c := range []struct {
		rope int
		pair int
		want float64
	}{
		{0, 1, 0.8146172338565447},
		{0, 2, 0.6636012376960885},
		{0, 31, 0.0017360467021768657},
		{0, 32, 0.001414213562373095},
		{0, 63, 2.455140791131609e-06},
		{1, 17, 0.030634520893224042}, // plain up to 18
		{1, 18, 0.024955408670558694},
		{1, 19, 0.01928275493783198},
		{1, 26, 0.00284671843865876},
		{1, 34, 1.6561301593546005e-4},
		{1, 35, 9.556212353964683e-05}, // an eighth from 35 on
		{1, 63, 3.068925988914511e-07},
	} {
		t.Run(fmt.Sprint(ropes[c.rope].name, c.pair), func(t *testing.T) {
			turn, _ := frequencies(ropes[c.rope].rope, ropes[c.rope].headDim)
			below(t, "relative error", math.Abs(float64(turn[c.pair])/c.want-1), 4e-7)
		})
	}
}

// Cosines and sines of YaRN are scaled by 0.1·ln(factor) + 1, unless the config
// says by how much.
func TestAttentionFactor(t *testing.T) {
	r := olmo.Rope{Type: "yarn", Theta: 500000, Factor: 8, OriginalMaxPositions: 8192}
	if _, f := frequencies(r, 128); f != 1.2079441541679836 {
		t.Errorf("factor %v", f)
	}
	r.AttentionFactor = new(1.5)
	if _, f := frequencies(r, 128); f != 1.5 {
		t.Errorf("factor %v, want 1.5", f)
	}
	if _, f := frequencies(olmo.Rope{Type: "linear", Theta: 500000, Factor: 8}, 128); f != 1 {
		t.Errorf("factor of linear scaling %v, want 1", f)
	}
}

// Without extrapolation, all pairs turn as with linear scaling.
func TestExtrapolationFactor(t *testing.T) {
	r := ropes[1].rope
	r.ExtrapolationFactor = new(0.0)
	none, _ := frequencies(r, 128)
	linear, _ := frequencies(olmo.Rope{Type: "linear", Theta: r.Theta, Factor: r.Factor}, 128)
	for j := range none {
		below(t, "relative error", math.Abs(float64(none[j]/linear[j]-1)), 1e-6)
	}
}
