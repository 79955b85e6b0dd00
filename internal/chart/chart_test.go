package chart

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestScale(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		y    []float64
		want decades
	}{
		{nil, decades{-8, 0, false, false}},
		{[]float64{0, 0}, decades{-8, 0, true, false}},
		{[]float64{nan}, decades{-8, 0, false, true}},
		{[]float64{2e-6, 3e-3}, decades{-6, -2, false, false}},
		{[]float64{1e-3}, decades{-3, -2, false, false}},
		{[]float64{0, 5, inf}, decades{0, 1, true, true}},
		{[]float64{1e-300, math.MaxFloat64}, decades{-300, 309, false, false}},
	} {
		s := newDecades([]Curve{{Y: c.y}})
		if s != c.want {
			t.Errorf("%v: found %+v, want %+v", c.y, s, c.want)
		}
		// From top to bottom: what is no number, large, small, zero; all in the plot.
		var last float64
		for i, v := range []float64{nan, math.Pow10(s.hi), math.Pow10(s.lo), 0} {
			if v == 0 && !s.zero || !finite(v) && !s.unknown {
				continue
			}
			y := s.y(v)
			if y < last || y < top-0.01 || y > height-bottom+0.01 {
				t.Errorf("%v: value %d, %g, at %g after %g", c.y, i, v, y, last)
			}
			last = y
		}
	}
}

func TestChart(t *testing.T) {
	if got := (Chart{Curves: []Curve{{Name: "none"}}}).SVG(); got != "" {
		t.Errorf("a chart of nothing: %s", got)
	}
	long := make([]float64, 100_000)
	for i := range long {
		long[i] = 1e-7
	}
	long[77_777] = 1
	for _, c := range []struct {
		name         string
		y            []float64
		stems        bool
		points, dots int
	}{
		{"one value", []float64{1}, false, 1, 1},
		{"some", []float64{1, 0, math.NaN(), 2}, false, 4, 4},
		{"stems", []float64{1, 2, 3}, true, 0, 3},
		{"without dots", long[:maxDots+1], false, maxDots + 1, 0},
		{"grouped", long, false, maxPoints, 0},
		{"too many stems", long[:maxDots+1], true, maxDots + 1, 0},
	} {
		svg := string(Chart{Title: "a < b", About: "c & d", X: "layer", First: 3, Mark: 3, Curves: []Curve{{Name: "e", Class: "local", Y: c.y, Dots: true, Stems: c.stems}}}.SVG())
		points := 0
		if m := regexp.MustCompile(`points="([^"]*)"`).FindStringSubmatch(svg); m != nil {
			points = len(strings.Fields(m[1]))
		}
		if points != c.points || strings.Count(svg, "<circle") != c.dots {
			t.Errorf("%s: %d points, %d dots", c.name, points, strings.Count(svg, "<circle"))
		}
		for _, want := range []string{"<title>a &lt; b</title>", "<desc>c &amp; d</desc>", `class="mark"`, ">layer</text>"} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s: no %s", c.name, want)
			}
		}
		if strings.Contains(svg, "NaN,") && c.name != "some" || strings.Contains(svg, `="NaN`) || strings.Contains(svg, "Inf") {
			t.Errorf("%s: coordinates that are no numbers: %s", c.name, svg)
		}
	}
	// A spike among many values is not lost.
	svg := string(Chart{X: "position", Curves: []Curve{{Y: long}}}.SVG())
	highest := math.Inf(1)
	for _, p := range strings.Fields(regexp.MustCompile(`points="([^"]*)"`).FindStringSubmatch(svg)[1]) {
		_, y, _ := strings.Cut(p, ",")
		v, _ := strconv.ParseFloat(y, 64)
		highest = min(highest, v)
	}
	if highest != top {
		t.Errorf("the highest point is at %g, want %d", highest, top)
	}
}

// Names at the ends of curves do not cover each other, and stay in the plot.
func TestLabels(t *testing.T) {
	for _, y := range []float64{1, 0.1, 0} {
		var cs []Curve
		for _, n := range []string{"a", "b", "c"} {
			cs = append(cs, Curve{Name: n, Y: []float64{1, y}})
		}
		svg := string(Chart{Curves: cs}.SVG())
		var at []float64
		for _, m := range regexp.MustCompile(`class="name [^"]*" x="\d+" y="([0-9.]+)"`).FindAllStringSubmatch(svg, -1) {
			v, _ := strconv.ParseFloat(m[1], 64)
			at = append(at, v)
		}
		if len(at) != 3 || at[1]-at[0] < labelHeight || at[2]-at[1] < labelHeight || slices.Max(at) > height-bottom+5 {
			t.Errorf("labels at %v", at)
		}
	}
}

// A linear scale has few round lines, holds all values, and begins at zero unless
// they are close to each other.
func TestLinear(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		y     []float64
		lines string
	}{
		{nil, "0 0.2 0.4 0.6 0.8 1"},
		{[]float64{0, 0}, "0 0.2 0.4 0.6 0.8 1"},
		{[]float64{nan}, "NaN, ∞ 0 0.2 0.4 0.6 0.8 1"},
		{[]float64{0.11, 0.3}, "0 0.05 0.1 0.15 0.2 0.25 0.3"},
		{[]float64{0.97, 0.99, 0.981}, "0.94 0.95 0.96 0.97 0.98 0.99"},
		{[]float64{5, 5}, "4.75 4.8 4.85 4.9 4.95 5"},
		{[]float64{-0.5, 0.4, math.Inf(1)}, "NaN, ∞ −0.6 −0.4 −0.2 0 0.2 0.4"},
		{[]float64{1e16, 1e16 + 2}, "9.5e+15 9.6e+15 9.7e+15 9.8e+15 9.9e+15 1e+16 1.01e+16"},
		{[]float64{math.SmallestNonzeroFloat64}, "0 0.2 0.4 0.6 0.8 1"},
	} {
		s := newLinear([]Curve{{Y: c.y}}, false)
		var got []string
		for _, l := range s.lines() {
			got = append(got, l.label)
		}
		if strings.Join(got, " ") != c.lines {
			t.Errorf("%v: lines at %q", c.y, got)
		}
		for _, v := range c.y {
			if y := s.y(v); !(y >= top-0.01 && y <= height-bottom+0.01) {
				t.Errorf("%v: %g at %g", c.y, v, y)
			}
		}
	}
	s := newLinear([]Curve{{Y: []float64{-math.MaxFloat64, math.MaxFloat64}}}, true)
	if n := len(s.lines()); n < 4 || n > 12 || !finite(s.y(0)) {
		t.Errorf("%d lines of %+v", n, s)
	}
	if svg := string(Chart{Linear: true, Percent: true, Curves: []Curve{{Y: []float64{0.25, 1}, Dots: true}}}.SVG()); !strings.Contains(svg, ">100 %</text>") || !strings.Contains(svg, ": 25 %</title>") {
		t.Error(svg)
	}
}
