package page

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"olmotool/internal/chart"
	"olmotool/internal/human"
	"olmotool/soup"
)

// Figure is a chart and its caption.
type Figure struct {
	SVG     template.HTML
	Caption string
}

// maxCurves is how many curves of one kind are in a chart: there are as many
// colours.
const maxCurves = 6

// consecutive reports whether there are layers to draw, one after the other.
func (v view) consecutive() bool {
	n := len(v.Layers)
	return n > 1 && v.Layers[n-1].Layer == v.Layers[0].Layer+n-1
}

// DispersionCharts draw how far the models are apart in each module, over the
// layers: a chart for attention, one for the MLP, and so on.
func (v view) DispersionCharts() (out []Figure) {
	if !v.consecutive() || len(v.Models) < 2 {
		return nil
	}
	var kinds []string
	curves := map[string][]chart.Curve{}
	for _, m := range v.Modules {
		c, ok := v.curve(m.Module)
		if !ok {
			continue
		}
		kind, name, found := strings.Cut(m.Module, ".")
		if !found {
			kind, name = "", m.Module
		}
		if c.Name = name; curves[kind] == nil {
			kinds = append(kinds, kind)
		}
		curves[kind] = append(curves[kind], c)
	}
	for _, kind := range kinds {
		cs, caption := curves[kind], "Dispersion in "+cmp.Or(kind, "the other modules")
		if n := len(cs); n > maxCurves {
			slices.SortStableFunc(cs, func(a, b chart.Curve) int { return -cmp.Compare(slices.Max(a.Y), slices.Max(b.Y)) })
			cs, caption = cs[:maxCurves], fmt.Sprintf("%s: the %d of %d modules with the largest", caption, maxCurves, n)
		}
		for i := range cs {
			cs[i].Class = fmt.Sprintf("c%d", i+1)
		}
		out = append(out, v.figure(caption, true, cs...))
	}
	return out
}

// curve is the dispersion of a module over the layers, if each has one, a matrix.
func (v view) curve(module string) (chart.Curve, bool) {
	c := chart.Curve{Dots: true}
	for _, t := range v.Tensors {
		if t.Module == module && t.Layer >= 0 && len(t.Shape) > 1 {
			c.Y = append(c.Y, t.Figures.Dispersion)
		}
	}
	return c, len(c.Y) == len(v.Layers)
}

// figure draws curves over the layers.
func (v view) figure(caption string, percent bool, curves ...chart.Curve) Figure {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, y := range c.Y {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	about := fmt.Sprintf("%s, %s, from %s to %s", human.Plural(len(v.Layers), "layer"), human.Plural(len(curves), "curve"), human.Number(lo), human.Number(hi))
	return Figure{chart.Chart{
		Title: caption + ", by layer", About: about, X: "layer", First: v.Layers[0].Layer, Mark: -1,
		Curves: curves, Linear: true, Percent: percent,
	}.SVG(), caption}
}

// over is a curve of a figure of each layer.
func (v view) over(name, class string, y func(f soup.Figures) float64) chart.Curve {
	c := chart.Curve{Name: name, Class: class, Dots: true}
	for _, l := range v.Layers {
		c.Y = append(c.Y, y(l.Figures))
	}
	return c
}

// LayerCharts draw what becomes of the layers.
func (v view) LayerCharts() (out []Figure) {
	if !v.consecutive() {
		return nil
	}
	var lengths []chart.Curve
	if len(v.Models) > 1 {
		lengths = append(lengths, v.over("mean", "c1", func(f soup.Figures) float64 { return f.Shrinkage }))
	}
	rounded := v.Matrices.Rounding != nil
	if rounded && !v.plain() {
		lengths = append(lengths, v.over("soup", "c2", func(f soup.Figures) float64 {
			return f.Rounding.ResultNorm / f.MeanNorm * f.Shrinkage
		}))
	}
	if lengths != nil {
		out = append(out, v.figure("Length, of the mean of the models' lengths", false, lengths...))
	}
	if !rounded {
		return out
	}
	shares := []chart.Curve{v.over("changed", "c2", func(f soup.Figures) float64 { return f.Rounding.Changed })}
	for i := range min(len(v.Models), maxCurves-1) {
		class := fmt.Sprintf("c%d", 1+(i+2)%maxCurves)
		shares = append(shares, v.over(fmt.Sprintf("same as in %d", i+1), class, func(f soup.Figures) float64 { return f.Rounding.Equal[i] }))
	}
	out = append(out, v.figure("Elements of the soup that rounding changes, and that are as in a model", true, shares...))
	if len(v.Models) > 1 {
		out = append(out, v.figure("Rounding error, of the dispersion", true, v.over("error", "c2", func(f soup.Figures) float64 { return f.Rounding.OfSpread })))
	}
	return out
}

// plain reports whether the soup is the plain mean.
func (v view) plain() bool {
	for _, c := range v.Coefficients {
		if c != v.Coefficients[0] {
			return false
		}
	}
	return v.Coefficients != nil && v.Method == "linear"
}
