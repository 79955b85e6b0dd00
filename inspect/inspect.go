// Package inspect says what a checkpoint is without reading its weights.
//
// [Source] looks at anything that package olmo opens and returns a [Report]:
// layout, architecture, parameters, element types, files, and findings: what is
// odd, or does not fit the config. What a conversion would refuse is here what
// was to be found out.
package inspect

import (
	"cmp"
	"errors"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// Report is what is known of a checkpoint from its headers.
type Report struct {
	Path         string
	Layout       string
	Architecture string // model type; empty when no model is known
	Parameters   int64  // elements of all tensors
	Bytes        int64  // of all tensors
	Tensors      []formats.Tensor
	// Canonical gives the canonical name of a tensor by the name it is stored
	// by, where that is one to one.
	Canonical map[string]string
	DTypes    []DTypeCount // most bytes first
	// Config has the names of Hugging Face's config.json; nil when no model is
	// known.
	Config   *ordjson.Object
	Files    []formats.File
	Findings []formats.Finding
}

// DTypeCount is how much of a checkpoint is of one element type.
type DTypeCount struct {
	DType   formats.DType
	Tensors int
	Bytes   int64
}

// Source inspects an open source. The report shares the source's tensors.
func Source(src *olmo.Source) *Report {
	r := &Report{
		Path: src.Path, Layout: src.Layout, Tensors: src.Tensors, Files: src.Files,
		Findings: slices.Clone(src.Findings), Canonical: map[string]string{},
	}
	for _, t := range src.Tensors {
		r.Parameters += t.Elements()
		r.Bytes += t.Bytes()
		r.count(t)
	}
	slices.SortStableFunc(r.DTypes, func(a, b DTypeCount) int { return cmp.Compare(b.Bytes, a.Bytes) })
	if src.Config == nil {
		return r
	}
	r.Architecture = src.Config.ModelType
	r.Config = src.Config.HFObject()
	m, err := src.Model()
	if err != nil {
		f := formats.Finding{Severity: formats.Serious, Code: "config-mismatch", Where: src.Path, Message: err.Error()}
		var fe *formats.Error
		if errors.As(err, &fe) {
			f.Where, f.Message = fe.Place, fe.Msg
		}
		r.Findings = append(r.Findings, f)
		return r
	}
	stored := map[string]int{}
	for _, t := range m.Tensors {
		stored[t.Origin.Name]++
	}
	for _, t := range m.Tensors {
		if stored[t.Origin.Name] == 1 {
			r.Canonical[t.Origin.Name] = t.Name
		}
	}
	return r
}

func (r *Report) count(t formats.Tensor) {
	i := slices.IndexFunc(r.DTypes, func(c DTypeCount) bool { return c.DType == t.DType })
	if i < 0 {
		i = len(r.DTypes)
		r.DTypes = append(r.DTypes, DTypeCount{DType: t.DType})
	}
	r.DTypes[i].Tensors++
	r.DTypes[i].Bytes += t.Bytes()
}
