package verify

import (
	"math"
	"testing"

	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// The figures that the formulas give for the sizes of the releases.
func TestLimits(t *testing.T) {
	c := &olmo.Config{HiddenSize: 4096, IntermediateSize: 11008, NumAttentionHeads: 32, HeadDim: 128}
	near := func(name string, got, want float64) {
		if !(math.Abs(got/want-1) < 0.02) && got != want {
			t.Errorf("%s: found %v, want %v", name, got, want)
		}
	}
	floor, small := 2e-6, 1e-8
	l := limits{c: c, tokens: 512}
	near("layer", l.layer(0, nil), 3.75e-5)
	near("measured", l.layer(0, &floor), 2e-5)
	near("measured small", l.layer(0, &small), 1e-5)
	near("q_proj", l.site(forward.QProj, 0), 1.14e-5)
	near("down_proj", l.site(forward.DownProj, 0), 1.88e-5)
	near("attn", l.site(forward.Attn, 0), 4.05e-6)
	near("o_proj", l.site(forward.OProj, 0), 1.14e-5)
	near("norm", l.site(forward.QNorm, 0), 1.19e-6)
	three := limits{mode: threeWay, c: c}
	near("three ways", three.layer(5e-3, nil), 1e-2)
	near("three ways, equal", three.layer(0, nil), 3.75e-5)
	near("three ways, site", three.site(forward.QProj, 5e-3), 1e-2)
	near("fallback", limits{mode: fallback, bar: barNamed("q8_0"), c: c}.layer(0, nil), 3e-2)
	near("not judged", limits{mode: fallback, bar: barNamed("q4_k"), c: c}.layer(0, nil), math.Inf(1))
	near("bf16", limits{bf16: true, c: c}.layer(0, nil), 2.5e-2)
	near("bf16 site", limits{bf16: true, c: c}.site(forward.QProj, 0), 1e-2)
	near("centred", centredLimit(64), 2e-4)
}

func TestMargin(t *testing.T) {
	for _, c := range []struct{ value, limit, want float64 }{
		{1, 2, 0.5}, {0, 0, 0}, {1, 0, math.Inf(1)}, {math.NaN(), 1, math.Inf(1)}, {1, math.Inf(1), 0},
	} {
		if got := margin(c.value, c.limit); got != c.want {
			t.Errorf("margin(%v, %v) = %v, want %v", c.value, c.limit, got, c.want)
		}
	}
	if !nearer(Check{Value: 1, Limit: 9, OK: false}, Check{Value: 1, Limit: 1, OK: true}) || nearer(Check{Value: 1, Limit: 2, OK: true}, Check{Value: 2, Limit: 3, OK: true}) {
		t.Error("nearer")
	}
}
