package verify

import (
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// expectation is the reference in the types of the candidate: what a candidate
// that was converted without fault computes with.
type expectation struct {
	// model is nil if there is a type that nothing here can make. It is the
	// reference itself if no type loses anything.
	model *olmo.Model
	// lossy are the candidate's types that do not hold the values of the
	// reference's, in the order of the model.
	lossy []formats.DType
	// quantised: some of these are types of blocks, for which there are many
	// quantisers.
	quantised bool
}

// expect casts the reference, by views.
func expect(ref, cand *olmo.Model) expectation {
	types := make(map[string]formats.DType, len(cand.Tensors))
	for _, t := range cand.Tensors {
		types[t.Name] = t.DType
	}
	head, embed := olmo.Tied()[0], olmo.Tied()[1]
	if d, ok := types[embed]; ok && types[head] == 0 {
		types[head] = d // tied
	}
	e := expectation{model: ref}
	model := &olmo.Model{Config: ref.Config, Source: ref.Source, Tensors: untied(ref, types[head] != types[embed])}
	if len(model.Tensors) != len(ref.Tensors) {
		c := *ref.Config
		c.TieWordEmbeddings = false
		model.Config = &c
	}
	for i, t := range model.Tensors {
		to, ok := types[t.Name]
		if !ok || !loses(t.DType, to) {
			continue
		}
		if !slices.Contains(e.lossy, to) {
			e.lossy = append(e.lossy, to)
		}
		e.quantised = e.quantised || to.IsBlock()
		c, err := formats.Cast(t, to, nil)
		if err != nil { // no codec, or rows that do not fill whole blocks
			e.model = nil
			continue
		}
		model.Tensors[i] = c
	}
	if e.model != nil && len(e.lossy) > 0 {
		e.model = model
	}
	return e
}

// untied returns the tensors of a model; if its head is tied and asked for, with
// the embedding once more as the head.
func untied(m *olmo.Model, head bool) []formats.Tensor {
	ts := slices.Clone(m.Tensors)
	if !head || !m.Config.TieWordEmbeddings {
		return ts
	}
	i := slices.IndexFunc(ts, func(t formats.Tensor) bool { return t.Name == olmo.Tied()[1] })
	return append(ts, ts[i].WithName(olmo.Tied()[0]))
}

// loses reports whether a type does not hold every value of another.
func loses(from, to formats.DType) bool {
	switch to {
	case from, formats.F64:
		return false
	case formats.F32:
		return from == formats.F64
	}
	return true
}
