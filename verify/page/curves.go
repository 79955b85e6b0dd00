package page

import (
	"fmt"
	"html/template"

	"olmotool/internal/human"
	"olmotool/verify/words"
)

// LayerChart draws the errors over the layers.
func (v view) LayerChart() template.HTML {
	f := v.Forward
	if len(f.Layers) == 0 {
		return ""
	}
	local := curve{name: "each layer alone", class: "local", dots: true}
	limit := curve{name: "its limit", class: "limit"}
	floor := curve{name: "floor of float32", class: "floor"}
	whole := curve{name: "end to end", class: "whole"}
	for _, l := range f.Layers {
		whole.y = append(whole.y, l.EndToEnd)
		if alone(f) {
			local.y = append(local.y, l.Local)
		}
		if finite(l.Limit) {
			limit.y = append(limit.y, l.Limit)
		}
		if l.Floor != nil {
			floor.y = append(floor.y, *l.Floor)
		}
	}
	for _, c := range []*curve{&limit, &floor} {
		if len(c.y) != len(f.Layers) {
			c.y = nil // some layers have none
		}
	}
	w := v.worst()
	mark := -1
	if d := f.FirstDivergence; d != nil {
		mark = d.Layer
	}
	return chart{
		title: "Relative error of the output of each layer",
		about: fmt.Sprintf("%s, %d of them beyond the limit; the largest error is %s, of layer %d",
			words.Plural(len(f.Layers), "layer"), beyond(f.Layers), human.Number(v.errorOf(*w)), w.Layer),
		x: "layer", first: f.Layers[0].Layer, mark: mark,
		curves: []curve{limit, floor, whole, local},
	}.svg()
}

// PositionChart draws the errors by position at the site of the divergence.
func (v view) PositionChart() template.HTML {
	return v.profile("position", "Relative error by position", curve{y: v.Forward.Positions, dots: true})
}

// HeadChart draws the errors by head at the site of the divergence.
func (v view) HeadChart() template.HTML {
	return v.profile("head", "Relative error by head", curve{y: v.Forward.Heads, stems: true})
}

func (v view) profile(x, title string, k curve) template.HTML {
	if len(k.y) == 0 {
		return ""
	}
	k.name, k.class = "error", "local"
	at, limit := "the site of the first divergence", curve{name: "limit", class: "limit"}
	if d := v.Forward.FirstDivergence; d != nil {
		at = v.Place()
		for range k.y {
			limit.y = append(limit.y, d.Limit)
		}
	}
	return chart{
		title: title, about: fmt.Sprintf("%d values, at %s", len(k.y), at), x: x, mark: -1,
		curves: []curve{limit, k},
	}.svg()
}

// Place says where the candidate first goes wrong.
func (v view) Place() string {
	return words.Place(*v.Forward.FirstDivergence, v.Forward.LayersRun)
}
