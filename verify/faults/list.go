package faults

import (
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// List returns the faults that apply to a model of this config, in a fixed order.
// They are in a layer in the middle, where that is for them to choose.
func List(c *olmo.Config) []Fault {
	l := &lister{c: c, layer: int(c.NumHiddenLayers / 2)}
	l.matrices()
	l.order()
	l.norms()
	l.values()
	l.config()
	return l.faults
}

// lister gathers faults.
type lister struct {
	c      *olmo.Config
	layer  int // in which faults are injected
	faults []Fault
}

func (l *lister) add(f Fault) { l.faults = append(l.faults, f) }

// name is the canonical name of a tensor in a layer.
func name(layer int, module string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, module)
}

const (
	qProj    = "self_attn.q_proj"
	kProj    = "self_attn.k_proj"
	vProj    = "self_attn.v_proj"
	qNorm    = "self_attn.q_norm"
	kNorm    = "self_attn.k_norm"
	gateProj = "mlp.gate_proj"
	upProj   = "mlp.up_proj"
	downProj = "mlp.down_proj"
	attnNorm = "post_attention_layernorm"
	ffNorm   = "post_feedforward_layernorm"
)

// names are those of modules in the fault's layer.
func (l *lister) names(modules ...string) []string {
	out := make([]string, len(modules))
	for i, m := range modules {
		out[i] = name(l.layer, m)
	}
	return out
}

// modules are those of every layer.
func (l *lister) modules() []string {
	var out []string
	prefix := fmt.Sprintf("model.layers.%d.", l.layer)
	for _, s := range l.c.Tensors() {
		if m, ok := cut(s.Name, prefix, ".weight"); ok {
			out = append(out, m)
		}
	}
	return out
}

// has reports whether layers have this module.
func (l *lister) has(module string) bool { return slices.Contains(l.modules(), module) }

// matrices are faults in which whole matrices are not what they should be.
func (l *lister) matrices() {
	c := l.c
	if c.NumAttentionHeads*c.HeadDim == c.HiddenSize {
		t := l.names(qProj)
		l.add(Fault{
			Name: "transposed-q_proj", Doc: "q_proj is stored [in, out]", Site: "q_proj", Diagnosis: "transposed",
			Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error { return m.change(t, transpose) },
		})
	}
	swap := func(fault, a, b, site string) {
		t := l.names(a, b)
		l.add(Fault{
			Name: fault, Doc: fmt.Sprintf("%s and %s are exchanged", a, b), Site: site, Diagnosis: "swapped",
			Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error { return m.swap(t[0], t[1]) },
		})
	}
	swap("swapped-gate-up", gateProj, upProj, "gate_proj")
	if c.NumKeyValueHeads == c.NumAttentionHeads {
		swap("swapped-q-k", qProj, kProj, "q_proj")
	}
	if l.has(ffNorm) {
		swap("swapped-norms", attnNorm, ffNorm, "post_attention_layernorm")
	}
	if l.layer > 0 {
		t := l.names(l.modules()...)
		l.add(Fault{
			Name: "duplicated-layer", Doc: fmt.Sprintf("layer %d has the weights of layer %d", l.layer, l.layer-1),
			Site: "q_proj", Diagnosis: fmt.Sprintf("values of layer %d", l.layer-1), Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error {
				for _, module := range l.modules() {
					x, err := m.get(name(l.layer-1, module))
					if err != nil {
						return err
					}
					m.put(name(l.layer, module), x)
				}
				return nil
			},
		})
	}
}

// everywhere are the names of modules in all layers.
func (l *lister) everywhere(modules ...string) []string {
	var out []string
	for i := range int(l.c.NumHiddenLayers) {
		for _, m := range modules {
			out = append(out, name(i, m))
		}
	}
	return out
}

func cut(s, prefix, suffix string) (string, bool) {
	if len(s) < len(prefix)+len(suffix) || s[:len(prefix)] != prefix || s[len(s)-len(suffix):] != suffix {
		return "", false
	}
	return s[len(prefix) : len(s)-len(suffix)], true
}

// permute returns what reorders rows.
func permute(source func(i int64) int64) func(formats.Tensor) (formats.Tensor, error) {
	return func(t formats.Tensor) (formats.Tensor, error) { return formats.PermuteRows(t, source) }
}
