package diff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"olmotool/internal/closeness"
)

// layers sums up what differs by layer.
type layers map[int]*layerSums

type layerSums struct {
	Layer
	sums
}

func newLayers() layers { return layers{} }

func (ls layers) add(p *pair, differs bool) {
	n := layerOf(p.a.Name)
	l := ls[n]
	if l == nil {
		l = &layerSums{Layer: Layer{Layer: n}}
		ls[n] = l
	}
	l.Tensors++
	if !differs {
		return
	}
	l.Changed++
	if p.found == nil {
		return
	}
	l.ElementsChanged += p.found.changed
	l.sums.merge(&p.found.sums)
}

func (ls layers) list() []Layer {
	out := make([]Layer, 0, len(ls))
	for _, l := range ls {
		l.MaxAbs, l.RelL2 = closeness.Finite(l.maxAbs), l.relL2()
		out = append(out, l.Layer)
	}
	slices.SortFunc(out, func(a, b Layer) int { return cmp.Compare(a.Layer, b.Layer) })
	return out
}

// layerOf returns the layer that a name speaks of in any layout: its first part
// that is a number; -1 if there is none.
func layerOf(name string) int {
	for part := range strings.SplitSeq(name, ".") {
		if n, err := strconv.ParseUint(part, 10, 31); err == nil {
			return int(n)
		}
	}
	return -1
}
