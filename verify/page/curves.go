package page

import (
	"fmt"
	"html/template"

	"olmotool/internal/chart"
	"olmotool/internal/human"
	"olmotool/verify/words"
)

// LayerChart draws the errors over the layers.
func (v view) LayerChart() template.HTML {
	f := v.Forward
	if len(f.Layers) == 0 {
		return ""
	}
	local := chart.Curve{Name: "each layer alone", Class: "local", Dots: true}
	limit := chart.Curve{Name: "its limit", Class: "limit"}
	floor := chart.Curve{Name: "floor of float32", Class: "floor"}
	whole := chart.Curve{Name: "end to end", Class: "whole"}
	for _, l := range f.Layers {
		whole.Y = append(whole.Y, l.EndToEnd)
		if alone(f) {
			local.Y = append(local.Y, l.Local)
		}
		if finite(l.Limit) {
			limit.Y = append(limit.Y, l.Limit)
		}
		if l.Floor != nil {
			floor.Y = append(floor.Y, *l.Floor)
		}
	}
	for _, c := range []*chart.Curve{&limit, &floor} {
		if len(c.Y) != len(f.Layers) {
			c.Y = nil // some layers have none
		}
	}
	w := v.worst()
	mark := -1
	if d := f.FirstDivergence; d != nil {
		mark = d.Layer
	}
	return chart.Chart{
		Title: "Relative error of the output of each layer",
		About: fmt.Sprintf("%s, %d of them beyond the limit; the largest error is %s, of layer %d",
			human.Plural(len(f.Layers), "layer"), beyond(f.Layers), human.Number(v.errorOf(*w)), w.Layer),
		X: "layer", First: f.Layers[0].Layer, Mark: mark,
		Curves: []chart.Curve{limit, floor, whole, local},
	}.SVG()
}

// PositionChart draws the errors by position at the site of the divergence.
func (v view) PositionChart() template.HTML {
	return v.profile("position", "Relative error by position", chart.Curve{Y: v.Forward.Positions, Dots: true})
}

// HeadChart draws the errors by head at the site of the divergence.
func (v view) HeadChart() template.HTML {
	return v.profile("head", "Relative error by head", chart.Curve{Y: v.Forward.Heads, Stems: true})
}

func (v view) profile(x, title string, k chart.Curve) template.HTML {
	if len(k.Y) == 0 {
		return ""
	}
	k.Name, k.Class = "error", "local"
	at, limit := "the site of the first divergence", chart.Curve{Name: "limit", Class: "limit"}
	if d := v.Forward.FirstDivergence; d != nil {
		at = v.Place()
		for range k.Y {
			limit.Y = append(limit.Y, d.Limit)
		}
	}
	return chart.Chart{
		Title: title, About: fmt.Sprintf("%d values, at %s", len(k.Y), at), X: x, Mark: -1,
		Curves: []chart.Curve{limit, k},
	}.SVG()
}

// Place says where the candidate first goes wrong.
func (v view) Place() string {
	return words.Place(*v.Forward.FirstDivergence, v.Forward.LayersRun)
}
