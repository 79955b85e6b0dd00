package faults

import (
	"slices"

	"olmotool/formats/olmo"
)

// config are faults of the config: the weights are right, and what is computed
// with them is not.
func (l *lister) config() {
	c := l.c
	set := func(fault, doc, site, diagnosis string, layer int, f func(c *olmo.Config)) {
		l.add(Fault{
			Name: fault, Doc: doc, Site: site, Diagnosis: diagnosis, Layer: layer,
			apply: func(m *model) error {
				f(m.Config)
				return nil
			},
		})
	}
	full := 0 // the first layer that sees everything
	if len(c.LayerTypes) > 0 {
		full = slices.Index(c.LayerTypes, olmo.FullAttention)
	}
	if full >= 0 {
		theta := 10000.0
		if c.Rope.Theta == theta {
			theta = 500000
		}
		set("rope-theta", "another base of the rotary angles, as readers of one version of config.json take for that of another",
			"q_rope", "rope: theta", full, func(c *olmo.Config) { c.Rope.Theta = theta })
	}
	if l.has(qNorm) {
		eps := 1e-5
		if c.RMSNormEps == eps {
			eps = 1e-6
		}
		set("norm-eps", "the epsilon of the norms is that of other releases", "q_norm", "rms_norm_eps", 0,
			func(c *olmo.Config) { c.RMSNormEps = eps })
	}
	sliding := slices.Index(c.LayerTypes, olmo.SlidingAttention)
	if sliding < 0 {
		return
	}
	if c.SlidingWindow > 1 {
		set("sliding-window", "sliding layers see one token less", "attn", "sliding_window", sliding,
			func(c *olmo.Config) { c.SlidingWindow-- })
	}
	if c.Rope.Scaled() && !c.RopeSliding.Scaled() {
		set("scaled-sliding-rope", "the rotary scaling of the full layers is applied to the sliding ones, too", "q_rope",
			"rope of sliding layers", sliding, func(c *olmo.Config) { c.RopeSliding = c.Rope })
	}
}
