package inspect

import (
	"strconv"
	"strings"

	"olmotool/formats"
)

// Part is a part of a model: a kind of module, or a layer.
type Part struct {
	Name       string `json:"name"`
	Tensors    int    `json:"tensors"`
	Parameters int64  `json:"parameters"`
	Bytes      int64  `json:"bytes"`
}

// The kinds of modules.
const (
	embedding = iota
	attention
	mlp
	norms
	head
	other
	kinds
)

var kindNames = [kinds]string{"embedding", "attention", "mlp", "norms", "head", "other"}

// kindOf returns the kind of module that a canonical tensor belongs to. The norms
// of queries and keys count as norms.
func kindOf(name string) int {
	switch {
	case strings.HasPrefix(name, "model.embed_tokens."):
		return embedding
	case strings.HasPrefix(name, "lm_head."):
		return head
	case strings.Contains(name, "norm"):
		return norms
	case strings.Contains(name, ".self_attn."):
		return attention
	case strings.Contains(name, ".mlp."):
		return mlp
	}
	return other
}

// parts adds up a model's tensors.
type parts struct {
	by     [kinds]Part
	layers []Part
	sum    int64
}

// add counts a tensor. Only a tensor that the config asks for belongs to a module:
// others may have any name.
func (p *parts) add(t formats.Tensor, known bool) {
	kind := other
	if known {
		kind = kindOf(t.Name)
		if rest, ok := strings.CutPrefix(t.Name, "model.layers."); ok {
			layer, _, _ := strings.Cut(rest, ".")
			// Canonical order is that of the layers; one of which all tensors are
			// missing is not in the list.
			if n := len(p.layers); n == 0 || p.layers[n-1].Name != layer {
				p.layers = append(p.layers, Part{Name: layer})
			}
			p.layers[len(p.layers)-1].add(t)
		}
	}
	p.by[kind].add(t)
	p.sum += t.Elements()
}

func (p *Part) add(t formats.Tensor) {
	p.Tensors++
	p.Parameters += t.Elements()
	p.Bytes += t.Bytes()
}

// modules returns the kinds that there are.
func (p *parts) modules() []Part {
	var out []Part
	for k, part := range p.by {
		if part.Tensors > 0 {
			part.Name = kindNames[k]
			out = append(out, part)
		}
	}
	return out
}

// SameLayers reports whether all of the n layers that a config asks for are there
// and equal in size.
func (r *Report) SameLayers(n int64) bool {
	for i, l := range r.Layers {
		if l.Name != strconv.Itoa(i) || l.Parameters != r.Layers[0].Parameters || l.Bytes != r.Layers[0].Bytes {
			return false
		}
	}
	return int64(len(r.Layers)) == n
}
