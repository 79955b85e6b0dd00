package verify

import (
	"math"
	"testing"

	"olmotool/verify/forward"
	"olmotool/verify/weights"
)

func TestShape(t *testing.T) {
	x := func(values ...float64) []float64 { return values }
	ramp := make([]float64, 64)
	for i := range ramp {
		ramp[i] = float64(i) / 64
	}
	flat := make([]float64, 64)
	for i := range flat[1:] {
		flat[i+1] = 0.5
	}
	all := x(1, 1, 1, 1)
	for name, c := range map[string]struct {
		site   forward.Site
		p      profile
		window int
		want   string
	}{
		"theta":       {forward.QRope, profile{positions: ramp, heads: all}, 0, "position 0 is right and later ones are wrong, growing with the position: theta or scaling of the rotary embeddings"},
		"layout":      {forward.KRope, profile{positions: flat, heads: all}, 0, "position 0 is right and later ones are wrong, rotary embeddings in another layout"},
		"mask":        {forward.Attn, profile{positions: flat, heads: all}, 0, "position 0 is right and later ones are wrong, the mask or the scale of attention"},
		"window":      {forward.Attn, profile{positions: x(0, 0, 0, 0, 1, 1), heads: all}, 4, "only positions from 4 on, where the window of 4 is full: the sliding window"},
		"late":        {forward.UpProj, profile{positions: x(0, 0, 0, 1)}, 0, "only positions from 3 on"},
		"head":        {forward.Attn, profile{positions: all, heads: x(0, 1, 0, 0)}, 0, "head 1 of 4 only: heads in another order, or another map of queries to keys and values"},
		"heads":       {forward.KProj, profile{positions: all, heads: x(0, 1, 1, 0)}, 0, "heads 1, 2 of 4 only: "},
		"row":         {forward.VProj, profile{positions: all, heads: x(1, 0), channels: x(0, 1, 0, 0, 0, 0, 0, 0)}, 0, "channel 1 of 8 only: some rows of the weights"},
		"one of 8":    {forward.VProj, profile{positions: all, heads: x(1, 0, 0, 0, 0, 0, 0, 0), channels: append(x(1, 1), make([]float64, 14)...)}, 0, "head 0 of 8 only: heads in"},
		"channels":    {forward.DownProj, profile{positions: all, channels: append(make([]float64, 15), 1)}, 0, "channel 15 of 16 only: some rows of the weights"},
		"weights":     {forward.DownProj, profile{positions: all, channels: all}, 0, "all positions alike: the weights"},
		"far":         {forward.QRope, profile{first: 100, positions: all, heads: all}, 0, "all positions and heads"},
		"NaN":         {forward.OProj, profile{positions: x(math.NaN(), 1)}, 0, "all positions alike: the weights"},
		"within":      {forward.OProj, profile{positions: x(0, 0)}, 0, ""},
		"other shape": {forward.KProj, profile{}, 0, "the result has another shape"},
	} {
		c.p.limit = 1e-6
		wantText(t, name, "."+c.p.shape(c.site, c.window), "."+c.want)
	}
}

func TestHypothesis(t *testing.T) {
	s := seen{
		config: []string{"layer_types[1]: a and b", "rope: theta: 500000 and 10000", "rope: factor: 1 and 8", "rms_norm_eps: 1e-06 and 1e-05"},
		weights: &weights.Report{Failures: []weights.Tensor{
			{Name: "model.layers.12.self_attn.k_proj.weight", Diagnosis: "wrong layer"},
			{Name: "model.layers.1.self_attn.k_proj.weight", Diagnosis: "transposed"},
			{Name: "model.norm.weight", Diagnosis: "rolled"},
			{Name: "lm_head.weight", Diagnosis: "scaled"},
			{Name: "model.embed_tokens.weight", Diagnosis: "truncated"},
		}},
	}
	same := profile{positions: []float64{1, 1}}
	for _, c := range []struct {
		layer int
		site  forward.Site
		want  string
	}{
		{1, forward.KProj, "model.layers.1.self_attn.k_proj.weight: transposed; all positions alike: the weights"},
		{1, forward.KRope, "config: layer_types[1]: a and b; rope: theta: 500000 and 10000, factor: 1 and 8; all positions and heads"},
		{1, forward.KNorm, "config: rms_norm_eps: 1e-06 and 1e-05; all positions alike"},
		{1, forward.UpProj, "all positions alike: the weights"},
		{2, normSite, "model.norm.weight: rolled; config: rms_norm_eps: 1e-06 and 1e-05; all positions alike"},
		{2, headSite, "lm_head.weight: scaled; all positions alike: the weights"},
		{-1, embedSite, "model.embed_tokens.weight: truncated; all positions alike: the weights"},
	} {
		if got, _ := s.hypothesis(Divergence{Layer: c.layer, Site: string(c.site)}, same); got != c.want {
			t.Errorf("%d %s: found %q, want %q", c.layer, c.site, got, c.want)
		}
	}
}
