package page

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"olmotool/internal/human"
)

// chart is a set of curves over a whole number, a layer or a position, on a
// logarithmic scale of errors. Zero has a line of its own below the scale, and
// what is no finite number one above it: neither is left out.
type chart struct {
	title, about string // for who does not see it: what is shown, and what it shows
	x            string // name of the axis
	first        int    // x of the first value
	curves       []curve
	mark         int // x with a vertical line, if it is in range
}

// curve is one line of a chart.
type curve struct {
	name  string
	class string // of the style sheet
	y     []float64
	dots  bool
	stems bool // values of things that have no order: no line from one to the next
}

// Sizes in the units of the picture, which is as wide as the page.
const (
	chartWidth, chartHeight            = 860, 320
	left, right, top, bottom           = 66, 132, 14, 46
	maxDots                            = 130  // more values are a line without dots
	maxPoints                          = 1000 // more are drawn as the largest of each group
	labelHeight, tickSpace, maxDecades = 15, 18, 12
)

// scale places values from top to bottom of the plot.
type scale struct {
	lo, hi        int // decades
	zero, unknown bool
}

func newScale(curves []curve) scale {
	s := scale{lo: math.MaxInt, hi: math.MinInt}
	for _, c := range curves {
		for _, v := range c.y {
			switch {
			case v == 0:
				s.zero = true
			case !finite(v):
				s.unknown = true
			default:
				d := math.Log10(math.Abs(v))
				s.lo, s.hi = min(s.lo, int(math.Floor(d))), max(s.hi, int(math.Ceil(d)))
			}
		}
	}
	if s.lo > s.hi {
		s.lo, s.hi = -8, 0
	}
	if s.lo == s.hi {
		s.hi++
	}
	return s
}

// rows is the number of lines of the grid less one.
func (s scale) rows() int { return s.hi - s.lo + count(s.zero) + count(s.unknown) }

// row counts from the top; it has a fraction.
func (s scale) row(v float64) float64 {
	base := float64(count(s.unknown))
	switch {
	case !finite(v):
		return 0
	case v == 0:
		return float64(s.rows())
	}
	return base + float64(s.hi) - math.Log10(math.Abs(v))
}

func (s scale) y(v float64) float64 {
	return top + s.row(v)*float64(chartHeight-top-bottom)/float64(s.rows())
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// svg draws the chart.
func (c chart) svg() template.HTML {
	n := 0
	for _, k := range c.curves {
		n = max(n, len(k.y))
	}
	if n == 0 {
		return ""
	}
	s := newScale(c.curves)
	x := func(i int) float64 {
		if n == 1 {
			return left + float64(chartWidth-left-right)/2
		}
		return left + float64(i)*float64(chartWidth-left-right)/float64(n-1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img"><title>%s</title><desc>%s</desc>`,
		chartWidth, chartHeight, html.EscapeString(c.title), html.EscapeString(c.about))
	c.grid(&b, s, n, x)
	if i := c.mark - c.first; i >= 0 && i < n {
		fmt.Fprintf(&b, `<line class="mark" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, x(i), top, x(i), chartHeight-bottom)
	}
	for _, k := range c.curves {
		c.draw(&b, k, s, x)
	}
	c.labels(&b, s)
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// grid draws the lines of the decades and the ticks of the axis below.
func (c chart) grid(b *strings.Builder, s scale, n int, x func(int) float64) {
	line := func(v float64, label string) {
		y := s.y(v)
		fmt.Fprintf(b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, y, chartWidth-right, y, left-10, y+4, label)
	}
	if s.unknown {
		line(math.NaN(), "NaN, ∞")
	}
	if s.zero {
		line(0, "0")
	}
	step := (s.hi-s.lo)/maxDecades + 1
	for d := s.lo; d <= s.hi; d += step {
		line(math.Pow10(d), `10<tspan class="power" dy="-5">`+strings.ReplaceAll(strconv.Itoa(d), "-", "−")+`</tspan>`)
	}
	every := 1
	for (n-1)/every > 16 {
		every *= 2
	}
	for i := 0; i < n; i += every {
		fmt.Fprintf(b, `<text class="tick" x="%.1f" y="%d" text-anchor="middle">%d</text>`, x(i), chartHeight-bottom+tickSpace, c.first+i)
	}
	fmt.Fprintf(b, `<text class="axis" x="%d" y="%d" text-anchor="middle">%s</text>`, (left+chartWidth-right)/2, chartHeight-6, html.EscapeString(c.x))
}

// draw draws one curve.
func (c chart) draw(b *strings.Builder, k curve, s scale, x func(int) float64) {
	if k.stems && len(k.y) <= maxDots {
		for i, v := range k.y {
			fmt.Fprintf(b, `<line class="line %s" x1="%.1f" y1="%d" x2="%.1f" y2="%.1f"/>`, k.class, x(i), chartHeight-bottom, x(i), s.y(v))
		}
		c.dots(b, k, s, x)
		return
	}
	group := (len(k.y)-1)/maxPoints + 1
	fmt.Fprintf(b, `<polyline class="line %s" points="`, k.class)
	for i := 0; i < len(k.y); i += group {
		worst := i
		for j := i; j < min(i+group, len(k.y)); j++ {
			if s.row(k.y[j]) < s.row(k.y[worst]) {
				worst = j
			}
		}
		fmt.Fprintf(b, "%.1f,%.1f ", x(worst), s.y(k.y[worst]))
	}
	b.WriteString(`"/>`)
	if k.dots && len(k.y) <= maxDots {
		c.dots(b, k, s, x)
	}
}

// dots draws the values of a curve, each with its number.
func (c chart) dots(b *strings.Builder, k curve, s scale, x func(int) float64) {
	for i, v := range k.y {
		fmt.Fprintf(b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="3.2"><title>%s %d, %s: %s</title></circle>`,
			k.class, x(i), s.y(v), html.EscapeString(c.x), c.first+i, html.EscapeString(k.name), human.Number(v))
	}
}

// labels writes the name of each curve at its end, apart from each other.
func (c chart) labels(b *strings.Builder, s scale) {
	type label struct {
		curve
		y float64
	}
	var ls []label
	for _, k := range c.curves {
		if len(k.y) > 0 {
			ls = append(ls, label{k, s.y(k.y[len(k.y)-1])})
		}
	}
	slices.SortStableFunc(ls, func(p, q label) int {
		if p.y < q.y {
			return -1
		}
		return count(p.y > q.y)
	})
	next := 0.0
	for _, l := range ls {
		y := max(l.y+4, next)
		next = y + labelHeight
		fmt.Fprintf(b, `<text class="name %s" x="%d" y="%.1f">%s</text>`, l.class, chartWidth-right+8, y, html.EscapeString(l.name))
	}
}
