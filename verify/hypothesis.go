package verify

import (
	"fmt"
	"slices"
	"strings"

	"olmotool/verify/forward"
	"olmotool/verify/weights"
)

// seen is what else is known of the two models, to explain a divergence by.
type seen struct {
	config  []string        // differences, of [olmo.Config.Diff]
	weights *weights.Report // nil if they were not compared
	window  int             // of sliding layers; 0: none
}

// hypothesis says in one line what a divergence looks like; and of that what the
// error alone shows.
func (s seen) hypothesis(d Divergence, p profile) (all, shape string) {
	p.limit = d.Limit
	var parts []string
	if t := s.tensor(d); t != nil {
		parts = append(parts, t.Name+": "+t.Diagnosis)
	}
	shape = p.shape(forward.Site(d.Site), s.window)
	if c := s.settings(forward.Site(d.Site)); len(c) > 0 {
		parts = append(parts, "config: "+strings.Join(foldRopes(c), "; "))
		shape = strings.TrimSuffix(shape, ": the weights")
	}
	if shape != "" {
		parts = append(parts, shape)
	}
	return strings.Join(parts, "; "), shape
}

// tensor returns what the comparison of weights found in the tensor of a site.
func (s seen) tensor(d Divergence) *weights.Tensor {
	if s.weights == nil {
		return nil
	}
	name := "model." + d.Site + ".weight"
	switch {
	case d.Site == string(headSite):
		name = d.Site + ".weight"
	case d.Site != string(embedSite) && d.Site != string(normSite):
		name = fmt.Sprintf("model.layers.%d.", d.Layer)
	}
	for i, t := range s.weights.Failures {
		if t.Name == name || strings.HasSuffix(name, ".") && strings.HasPrefix(t.Name, name) && strings.HasSuffix(t.Name, "."+d.Site+".weight") {
			return &s.weights.Failures[i]
		}
	}
	return nil
}

// fields are the settings of the config that a site depends on.
var fields = map[forward.Site][]string{
	forward.QRope: {"rope", "head_dim", "num_attention_heads", "layer_types", "model_type"},
	forward.KRope: {"rope", "head_dim", "num_key_value_heads", "layer_types", "model_type"},
	forward.QNorm: {"rms_norm_eps"}, forward.KNorm: {"rms_norm_eps"}, forward.AttnNorm: {"rms_norm_eps"}, forward.FFNorm: {"rms_norm_eps"}, normSite: {"rms_norm_eps"},
	forward.QProj: {"clip_qkv"}, forward.KProj: {"clip_qkv"}, forward.VProj: {"clip_qkv"},
	forward.Attn: {"sliding_window", "layer_types", "model_type", "num_attention_heads", "num_key_value_heads", "head_dim"},
}

// settings returns the differences of the configs that a site depends on.
func (s seen) settings(site forward.Site) []string {
	var found []string
	for _, c := range s.config {
		if slices.ContainsFunc(fields[site], func(f string) bool { return strings.HasPrefix(c, f) }) {
			found = append(found, c)
		}
	}
	return found
}

// shape says what the distribution of an error looks like.
func (p profile) shape(s forward.Site, window int) string {
	if len(p.positions) == 0 {
		return "the result has another shape"
	}
	wrong := beyond(p.positions, p.limit)
	n := len(p.positions)
	rope := s == forward.QRope || s == forward.KRope
	switch {
	case len(wrong) == 0:
		return ""
	case p.first == 0 && window > 0 && wrong[0] >= window-1 && wrong[0] > 1:
		return fmt.Sprintf("only positions from %d on, where the window of %d is full: the sliding window", wrong[0], window)
	case p.first == 0 && wrong[0] > 0 && len(wrong) >= (n-1)/2 && (rope || s == forward.Attn):
		what := "rotary embeddings in another layout"
		if s == forward.Attn {
			what = "the mask or the scale of attention"
		} else if p.grows() {
			what = "growing with the position: theta or scaling of the rotary embeddings"
		}
		return "position 0 is right and later ones are wrong, " + what
	case p.first == 0 && wrong[0] > 1:
		return fmt.Sprintf("only positions from %d on", wrong[0])
	}
	h, c := beyond(p.heads, p.limit), beyond(p.channels, p.limit)
	// Few channels, and not the most of some heads: those of another order are wrong
	// in all of theirs.
	few := len(c) > 0 && len(c) <= len(p.channels)/4
	if few && (len(h) == 0 || 2*len(c)*len(p.heads) <= len(h)*len(p.channels)) {
		return fmt.Sprintf("%s only: some rows of the weights", some("channel", c, len(p.channels)))
	}
	if len(h) > 0 && len(h) < len(p.heads) {
		return fmt.Sprintf("%s only: heads in another order, or another map of queries to keys and values", some("head", h, len(p.heads)))
	}
	if rope || s == forward.Attn {
		return "all positions and heads"
	}
	return "all positions alike: the weights"
}

// grows reports whether an error is larger at the end than at the beginning,
// the first position left out.
func (p profile) grows() bool {
	x := p.positions[1:]
	k := max(1, len(x)/8)
	return len(x) > 1 && sum(x[len(x)-k:]) > 1.5*sum(x[:k])
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// beyond returns the indexes of what is not within a limit.
func beyond(x []float64, limit float64) (at []int) {
	for i, v := range x {
		if !(v <= limit) {
			at = append(at, i)
		}
	}
	return at
}

// some lists a few of n things by number.
func some(thing string, at []int, n int) string {
	const most = 6
	var list []string
	for _, i := range at[:min(most, len(at))] {
		list = append(list, fmt.Sprint(i))
	}
	if len(at) > most {
		list = append(list, "…")
	}
	if len(at) > 1 {
		thing += "s"
	}
	return fmt.Sprintf("%s %s of %d", thing, strings.Join(list, ", "), n)
}
