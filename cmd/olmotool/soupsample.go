package main

import (
	"context"
	"fmt"

	"olmotool/formats"
	"olmotool/soup"
)

// sampleElems is how much of a matrix is looked at to see how models are related:
// together it is enough for a cosine of two digits, and for one look at each file.
const sampleElems = 4096

// relate tells of models that are the same, or do not belong together, from a
// sample: some rows out of the middle of every matrix.
func (p *pot) relate(ctx context.Context, threads int) error {
	if n := len(p.inputs); n < 2 {
		return nil
	} else if n > soup.MaxDiagnosed {
		p.findings = append(p.findings, formats.Finding{
			Severity: formats.Info, Code: "not-related",
			Message: fmt.Sprintf("found %d models, expected at most %d to see how they are related: it was not looked at", n, soup.MaxDiagnosed),
		})
		return nil
	}
	d, err := p.merged.Diagnose(ctx, soup.DiagnoseOptions{Sample: sampleElems, Threads: threads})
	if err != nil {
		return err
	}
	p.findings = append(p.findings, d.Findings...)
	return nil
}
