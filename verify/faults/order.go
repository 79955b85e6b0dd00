package faults

import (
	"olmotool/formats"
	"olmotool/verify/internal/view"
)

// order are faults in which rows are in another order.
func (l *lister) order() {
	c := l.c
	dim, half := c.HeadDim, c.HeadDim/2
	if dim >= 4 {
		interleave := func(i int64) int64 { return i/dim*dim + i%2*half + i%dim/2 }
		part := func(i int64) int64 { return i/dim*dim + i%dim%half*2 + i%dim/half }

		t := l.names(qProj, kProj)
		l.add(Fault{
			Name: "interleaved-qk", Doc: "rows of q_proj and k_proj are in the order of interleaved rotary pairs",
			Site: "q_proj", Diagnosis: "from half-split to interleaved", Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error { return m.change(t, permute(interleave)) },
		})

		// What is made of a GGUF whose rows were not put in the order of its
		// architecture, or were although it has none of its own.
		all, source, say := l.everywhere(qProj, kProj), part, "from interleaved to half-split"
		doc := "q and k of a GGUF that was made without putting their rows in the order of llama.cpp's olmo"
		if l.has(qNorm) {
			all, source, say = l.everywhere(qProj, kProj, qNorm, kNorm), interleave, "from half-split to interleaved"
			doc = "q and k of a GGUF that was made as one of OLMo 1, norms included"
		}
		l.add(Fault{
			Name: "gguf-permutation", Doc: doc, Site: "q_proj", Diagnosis: say, Tensors: all, Weights: true,
			apply: func(m *model) error { return m.change(all, permute(source)) },
		})
	}
	if kv := c.NumKeyValueHeads; kv > 1 {
		modules := []string{kProj, vProj}
		if l.has(kNorm) {
			modules = append(modules, kNorm)
		}
		t := l.names(modules...)
		reverse := func(i int64) int64 { return (kv-1-i/dim)*dim + i%dim }
		l.add(Fault{
			Name: "reversed-kv-heads", Doc: "the key and value heads are in reverse order", Site: "k_proj", Diagnosis: "heads reversed",
			Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error { return m.change(t, permute(reverse)) },
		})
	}
	if rows := c.NumKeyValueHeads * dim; rows > 1 {
		row := rows / 2
		t := l.names(vProj)
		l.add(Fault{
			Name: "duplicated-row", Doc: "one row of v_proj is the one before it", Site: "v_proj", Diagnosis: "duplicated",
			Layer: l.layer, Tensors: t, Weights: true,
			apply: func(m *model) error {
				return m.change(t, func(t formats.Tensor) (formats.Tensor, error) {
					before, err := formats.Rows(t, row-1, row)
					if err != nil {
						return t, err
					}
					return view.Replace(t, row, before)
				})
			},
		})
	}
}
