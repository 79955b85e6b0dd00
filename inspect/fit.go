package inspect

import (
	"errors"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// fit holds the tensors against the config: all that is missing, in excess or of
// another shape is a finding. It fills Canonical, Modules and Layers from the
// tensors that have a canonical name.
func (r *Report) fit(src *olmo.Source) {
	m, misfits, err := src.Loose()
	if err != nil {
		f := found(formats.Serious, "config-mismatch", src.Path, "%v", err)
		var fe *formats.Error
		if errors.As(err, &fe) {
			f.Where, f.Message = fe.Place, fe.Msg
		}
		r.Findings = append(r.Findings, f)
		return
	}
	r.Findings = append(r.Findings, misfits...)
	known := map[string]bool{}
	for _, s := range src.Config.Tensors() {
		known[s.Name] = true
	}
	stored := map[string]int{}
	for _, t := range m.Tensors {
		stored[t.Origin.Name]++
	}
	var p parts
	for _, t := range m.Tensors {
		if known[t.Name] && stored[t.Origin.Name] == 1 {
			r.Canonical[t.Origin.Name] = t.Name
		}
		p.add(t, known[t.Name])
	}
	r.Modules, r.Layers = p.modules(), p.layers
	r.NonEmbedding = p.sum - p.by[embedding].Parameters
}
