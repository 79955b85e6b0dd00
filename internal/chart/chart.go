// Package chart draws curves as SVG, to stand in a page with the style sheet of
// package page: no script, colours of the page's own, a title for every dot and a
// description for those who do not see it.
package chart

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	"olmotool/internal/human"
)

// Chart is a set of curves over a whole number, a layer or a position. What is no
// finite number has a line of its own above the scale, and zero on a logarithmic
// one a line below it: neither is left out.
type Chart struct {
	Title, About string // for who does not see it: what is shown, and what it shows
	X            string // name of the axis
	First        int    // x of the first value
	Curves       []Curve
	Mark         int // x with a vertical line, if it is in range
	// Linear is for values of one magnitude; otherwise the scale is logarithmic, that
	// of errors. With Percent 1 is written as 100 %.
	Linear, Percent bool
}

// Curve is one line of a chart.
type Curve struct {
	Name  string
	Class string // of the style sheet: local, whole, floor, limit, or c1 to c6
	Y     []float64
	Dots  bool
	Stems bool // values of things that have no order: no line from one to the next
}

// Sizes in the units of the picture, which is as wide as the page.
const (
	width, height            = 860, 320
	left, right, top, bottom = 66, 132, 14, 46
	maxDots                  = 130  // more values are a line without dots
	maxPoints                = 1000 // more are drawn as the largest of each group
	labelHeight, tickSpace   = 15, 18
)

// SVG draws the chart, nothing if there is nothing to draw.
func (c Chart) SVG() template.HTML {
	n := 0
	for _, k := range c.Curves {
		n = max(n, len(k.Y))
	}
	if n == 0 {
		return ""
	}
	var s scale = newDecades(c.Curves)
	if c.Linear {
		s = newLinear(c.Curves, c.Percent)
	}
	x := func(i int) float64 {
		if n == 1 {
			return left + float64(width-left-right)/2
		}
		return left + float64(i)*float64(width-left-right)/float64(n-1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img"><title>%s</title><desc>%s</desc>`,
		width, height, html.EscapeString(c.Title), html.EscapeString(c.About))
	c.grid(&b, s, n, x)
	if i := c.Mark - c.First; i >= 0 && i < n {
		fmt.Fprintf(&b, `<line class="mark" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, x(i), top, x(i), height-bottom)
	}
	for _, k := range c.Curves {
		c.draw(&b, k, s, x)
	}
	c.labels(&b, s)
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// grid draws the lines of the scale and the ticks of the axis below.
func (c Chart) grid(b *strings.Builder, s scale, n int, x func(int) float64) {
	for _, l := range s.lines() {
		y := s.y(l.value)
		fmt.Fprintf(b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, y, width-right, y, left-10, y+4, l.label)
	}
	every := 1
	for (n-1)/every > 16 {
		every *= 2
	}
	for i := 0; i < n; i += every {
		fmt.Fprintf(b, `<text class="tick" x="%.1f" y="%d" text-anchor="middle">%d</text>`, x(i), height-bottom+tickSpace, c.First+i)
	}
	fmt.Fprintf(b, `<text class="axis" x="%d" y="%d" text-anchor="middle">%s</text>`, (left+width-right)/2, height-6, html.EscapeString(c.X))
}

// draw draws one curve.
func (c Chart) draw(b *strings.Builder, k Curve, s scale, x func(int) float64) {
	if k.Stems && len(k.Y) <= maxDots {
		for i, v := range k.Y {
			fmt.Fprintf(b, `<line class="line %s" x1="%.1f" y1="%d" x2="%.1f" y2="%.1f"/>`, k.Class, x(i), height-bottom, x(i), s.y(v))
		}
		c.dots(b, k, s, x)
		return
	}
	group := (len(k.Y)-1)/maxPoints + 1
	fmt.Fprintf(b, `<polyline class="line %s" points="`, k.Class)
	for i := 0; i < len(k.Y); i += group {
		worst := i
		for j := i; j < min(i+group, len(k.Y)); j++ {
			if s.y(k.Y[j]) < s.y(k.Y[worst]) {
				worst = j
			}
		}
		fmt.Fprintf(b, "%.1f,%.1f ", x(worst), s.y(k.Y[worst]))
	}
	b.WriteString(`"/>`)
	if k.Dots && len(k.Y) <= maxDots {
		c.dots(b, k, s, x)
	}
}

// dots draws the values of a curve, each with its number.
func (c Chart) dots(b *strings.Builder, k Curve, s scale, x func(int) float64) {
	text := human.Number
	if c.Percent {
		text = human.Percent
	}
	for i, v := range k.Y {
		fmt.Fprintf(b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="3.2"><title>%s %d, %s: %s</title></circle>`,
			k.Class, x(i), s.y(v), html.EscapeString(c.X), c.First+i, html.EscapeString(k.Name), text(v))
	}
}

// labels writes the name of each curve at its end, apart from each other.
func (c Chart) labels(b *strings.Builder, s scale) {
	type label struct {
		Curve
		y float64
	}
	var ls []label
	for _, k := range c.Curves {
		if len(k.Y) > 0 {
			ls = append(ls, label{k, s.y(k.Y[len(k.Y)-1]) + 4})
		}
	}
	slices.SortStableFunc(ls, func(p, q label) int { return cmp.Compare(p.y, q.y) })
	for i := 1; i < len(ls); i++ {
		ls[i].y = max(ls[i].y, ls[i-1].y+labelHeight)
	}
	last := float64(height - bottom + 4) // those pushed below the plot push back
	for i := len(ls) - 1; i >= 0 && ls[i].y > last; i-- {
		ls[i].y = last
		last -= labelHeight
	}
	for _, l := range ls {
		fmt.Fprintf(b, `<text class="name %s" x="%d" y="%.1f">%s</text>`, l.Class, width-right+8, l.y, html.EscapeString(l.Name))
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
