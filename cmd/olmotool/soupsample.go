package main

import (
	"context"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup"
)

// sampleElems is how much of a matrix is looked at to see how models are related:
// together it is enough for a cosine of two digits, and for one look at each file.
const sampleElems = 4096

// relate tells of models that are the same, or have nothing in common, from a
// sample: some rows out of the middle of every matrix.
func (p *pot) relate(ctx context.Context, allow soup.Allow) error {
	models := make([]*olmo.Model, len(p.names))
	for i := range models {
		m := *p.inputs[i].Model
		models[i], m.Tensors = &m, nil
		for _, t := range p.inputs[i].Model.Tensors {
			if len(t.Shape) < 2 || t.Elements() == 0 {
				continue
			}
			rows := min(max(sampleElems/(t.Elements()/t.Shape[0]), 1), t.Shape[0])
			lo := (t.Shape[0] - rows) / 2
			part, err := formats.Rows(t, lo, lo+rows)
			if err != nil {
				return err
			}
			models[i].Tensors = append(models[i].Tensors, part)
		}
	}
	if len(models) < 2 || len(models[0].Tensors) == 0 {
		return nil
	}
	r, err := soup.Relate(ctx, models, nil, soup.RelateOptions{Options: soup.Options{Allow: allow}})
	if err != nil {
		return err
	}
	p.findings = append(p.findings, r.Findings...)
	return nil
}
