// Package inspect says what a checkpoint is without reading its weights.
//
// [Path] opens anything that package olmo opens and returns a [Report]: layout,
// architecture, parameters, element types, files, and findings: what is odd, or
// does not fit the config.
package inspect

import (
	"errors"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// Report is what is known of a checkpoint from its headers.
type Report struct {
	Path         string
	Layout       string
	Architecture string // model type; empty when no model is known
	Parameters   int64
	Bytes        int64 // of all tensors
	Tensors      []formats.Tensor
	// Canonical gives the canonical name of a tensor by the name it is stored
	// by, where that is one to one.
	Canonical map[string]string
	DTypes    []DTypeCount // most bytes first
	Config    *ordjson.Object
	Files     []formats.File
	Findings  []formats.Finding
}

// DTypeCount is how much of a checkpoint is of one element type.
type DTypeCount struct {
	DType   formats.DType
	Tensors int
	Bytes   int64
}

// Path inspects a path; from names a layout to settle an ambiguity.
func Path(path, from string) (*Report, error) {
	src, err := olmo.Open(path, from)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	r := &Report{
		Path: src.Path, Layout: src.Layout, Tensors: src.Tensors, Files: src.Files, Findings: src.Findings,
		Canonical: map[string]string{},
	}
	for _, t := range src.Tensors {
		r.Parameters += t.Elements()
		r.Bytes += t.Bytes()
		r.count(t)
	}
	sortCounts(r.DTypes)
	if src.Config == nil {
		return r, nil
	}
	r.Architecture = src.Config.ModelType
	r.Config = src.Config.HFObject()
	m, err := src.Model()
	if err != nil {
		// What a conversion would refuse is here what was to be found out.
		var fe *formats.Error
		if !errors.As(err, &fe) {
			return nil, err
		}
		r.Findings = append(r.Findings, formats.Finding{Severity: formats.Serious, Code: "config-mismatch", Where: fe.Place, Message: fe.Msg})
		return r, nil
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
	return r, nil
}

func (r *Report) count(t formats.Tensor) {
	for i := range r.DTypes {
		if r.DTypes[i].DType == t.DType {
			r.DTypes[i].Tensors++
			r.DTypes[i].Bytes += t.Bytes()
			return
		}
	}
	r.DTypes = append(r.DTypes, DTypeCount{t.DType, 1, t.Bytes()})
}

func sortCounts(c []DTypeCount) {
	for i := range c {
		for j := i; j > 0 && c[j].Bytes > c[j-1].Bytes; j-- {
			c[j], c[j-1] = c[j-1], c[j]
		}
	}
}
