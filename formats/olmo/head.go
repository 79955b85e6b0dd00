package olmo

import (
	"slices"

	"olmotool/formats"
)

// Head is what a model multiplies by at the end.
type Head struct {
	// The tensor, under the canonical name of a head; without Data if there is none.
	formats.Tensor
	// Stored: there is a tensor for it. Else it is the embedding.
	Stored bool
	// Beside: it is stored although the config says that it is the embedding.
	Beside bool
	// Guess: it is the embedding of a bare list of tensors, which may be tied or
	// lack its head.
	Guess bool
}

// Head finds the head: the model's own, one that is stored beside a config that
// ties it, or else the embedding.
func (m *Model) Head() Head {
	find := func(ts []formats.Tensor, name string) (formats.Tensor, bool) {
		i := slices.IndexFunc(ts, func(t formats.Tensor) bool { return t.Name == name })
		if i < 0 {
			return formats.Tensor{}, false
		}
		return ts[i].WithName(headName), true
	}
	if t, ok := find(m.Tensors, headName); ok {
		return Head{Tensor: t, Stored: true}
	}
	if m.Config != nil && !m.Config.TieWordEmbeddings {
		return Head{}
	}
	if m.Source != nil {
		for _, f := range m.Source.Findings {
			if f.Code != tiedHead {
				continue
			}
			if t, ok := find(m.Source.Tensors, f.Where); ok {
				return Head{Tensor: t, Stored: true, Beside: true}
			}
		}
	}
	t, ok := find(m.Tensors, embedName)
	return Head{Tensor: t, Guess: ok && m.Config == nil}
}
