package olmo

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

func planGGUF(m *Model, o PlanOptions) (*Plan, error) {
	if m.Source.Layout == layoutGGUF {
		return replanGGUF(m, o)
	}
	p := &Plan{Tensors: slices.Clone(m.Tensors)}
	if m.Config.TieWordEmbeddings && m.Config.hasNorms() {
		// Of an OLMo 1 llama.cpp takes the embedding for a missing head.
		p.Tensors = append(p.Tensors, byName(m.Tensors)[embedName].WithName(headName))
		p.find("head-copied", headName, "llama.cpp does not tie the head of this architecture: written as a copy of the embedding")
	}
	ss := make([]stored, len(p.Tensors))
	for i, t := range p.Tensors {
		to := ggufType(t, o.DType)
		if to == formats.F64 {
			return nil, fmt.Errorf("tensor %q: found F64, which llama.cpp does not compute with, expected another type: say --dtype f32", t.Name)
		}
		t, err := formats.Cast(t, to, o.Stats)
		if err != nil {
			return nil, err
		}
		if len(t.Shape) > 1 && o.DType.Valid() && to != o.DType {
			p.find("not-quantised", t.Name, "rows of %d elements do not fill %s blocks of %d: stored as %s", t.Shape[1], o.DType, o.DType.BlockElems(), to)
		}
		p.Tensors[i], ss[i] = t, same(ggufName(t.Name), t)
		if _, module, _ := cutLayer(t.Name, "model.layers."); m.Config.interleaved(module) {
			r, err := formats.PermuteRows(t, toInterleaved(m.Config.HeadDim))
			if err != nil {
				return nil, err
			}
			ss[i] = stored{Tensor: r.WithName(ss[i].Name)}
		}
	}
	m.sortGGUF(ss, p.Tensors)
	weights := o.DType
	if !weights.Valid() {
		weights = firstMatrix(ss)
	}
	arch, findings, err := m.Config.ggufKVs(weights)
	if err != nil {
		return nil, err
	}
	p.Findings = append(p.Findings, findings...)
	kvs := slices.Concat(o.General, arch, []gguf.KV{{Key: "general.quantization_version", Value: uint32(2)}}, o.TokenizerKVs)
	return p, p.setGGUF(kvs, ss, o)
}

func (p *Plan) find(code, where, format string, args ...any) {
	p.Findings = append(p.Findings, formats.Finding{Severity: formats.Warning, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
}

// ggufType is the element type that a tensor is stored in when want is asked
// for: norms are always F32, and rows that do not fill blocks become F16.
func ggufType(t formats.Tensor, want formats.DType) formats.DType {
	switch {
	case len(t.Shape) <= 1:
		return formats.F32
	case !want.Valid():
		return t.DType
	case t.Shape[len(t.Shape)-1]%want.BlockElems() != 0:
		return formats.F16
	}
	return want
}

// firstMatrix is the type that general.file_type speaks of where none is asked
// for.
func firstMatrix(ss []stored) formats.DType {
	for _, s := range ss {
		if len(s.Shape) > 1 {
			return s.DType
		}
	}
	return formats.F32
}

// setGGUF plans the file, or the set.
func (p *Plan) setGGUF(kvs []gguf.KV, ss []stored, o PlanOptions) error {
	var err error
	if o.EditKVs != nil {
		if kvs, err = o.EditKVs(kvs); err != nil {
			return err
		}
	}
	if o.SplitMaxTensors > 0 || o.SplitMaxBytes > 0 {
		p.Files, err = gguf.PlanSplit(strings.TrimSuffix(o.Name, ".gguf"), kvs, tensorsOf(ss), o.SplitMaxTensors, o.SplitMaxBytes, false)
	} else {
		p.Files = make([]*formats.FilePlan, 1)
		p.Files[0], err = gguf.Plan(o.Name, kvs, tensorsOf(ss), gguf.Options{})
	}
	if err != nil {
		return err
	}
	attribute(p.Files, ss)
	return nil
}

// sortGGUF puts tensors in the order of the official converter: that of the
// files of a Hugging Face directory, by name, and by name inside of a
// safetensors file; as they come in a pickle. A model from elsewhere is ordered
// as if it had been one safetensors file.
func (m *Model) sortGGUF(ss []stored, canonical []formats.Tensor) {
	hfNames, place := make(map[string]string, len(ss)), make(map[string]int, len(ss))
	for _, t := range canonical {
		hfNames[ggufName(t.Name)], place[t.Name] = t.Name, len(m.Source.Tensors)
	}
	for i, t := range m.Source.Tensors {
		place[t.Name] = i
	}
	layout := m.Source.Layout
	slices.SortStableFunc(ss, func(a, b stored) int {
		if layout == layoutHF || layout == layoutHFBin {
			if c := cmp.Compare(filepath.Base(a.Origin.File), filepath.Base(b.Origin.File)); c != 0 {
				return c
			}
		}
		x, y := hfNames[a.Name], hfNames[b.Name]
		if layout == layoutHFBin {
			return cmp.Compare(place[x], place[y])
		}
		return cmp.Compare(x, y)
	})
}

// replanGGUF writes a GGUF again as it is, but for edited key-values and
// another split.
func replanGGUF(m *Model, o PlanOptions) (*Plan, error) {
	if o.DType.Valid() {
		return nil, errors.New("found a GGUF as source, expected --dtype keep: this version does not requantise one")
	}
	canonical := byName(m.Tensors)
	hf := map[string]string{}
	for name := range canonical {
		hf[ggufName(name)] = name
	}
	ss := make([]stored, len(m.Source.Tensors))
	for i, t := range m.Source.Tensors {
		ss[i] = stored{Tensor: t}
		name := hf[t.Name]
		if _, module, _ := cutLayer(name, "model.layers."); !m.Config.interleaved(module) {
			ss[i].parts = []formats.Tensor{canonical[name]}
		}
	}
	p := &Plan{Tensors: slices.Clone(m.Tensors)}
	return p, p.setGGUF(m.Source.KVs, ss, o)
}
