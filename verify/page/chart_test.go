package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"olmotool/verify"
)

func TestScale(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		y    []float64
		want scale
	}{
		{nil, scale{-8, 0, false, false}},
		{[]float64{0, 0}, scale{-8, 0, true, false}},
		{[]float64{nan}, scale{-8, 0, false, true}},
		{[]float64{2e-6, 3e-3}, scale{-6, -2, false, false}},
		{[]float64{1e-3}, scale{-3, -2, false, false}},
		{[]float64{0, 5, inf}, scale{0, 1, true, true}},
		{[]float64{1e-300, math.MaxFloat64}, scale{-300, 309, false, false}},
	} {
		s := newScale([]curve{{y: c.y}})
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
			if y < last || y < top-0.01 || y > chartHeight-bottom+0.01 {
				t.Errorf("%v: value %d, %g, at %g after %g", c.y, i, v, y, last)
			}
			last = y
		}
	}
}

func TestChart(t *testing.T) {
	if got := (chart{curves: []curve{{name: "none"}}}).svg(); got != "" {
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
		svg := string(chart{title: "a < b", about: "c & d", x: "layer", first: 3, mark: 3, curves: []curve{{name: "e", class: "local", y: c.y, dots: true, stems: c.stems}}}.svg())
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
	svg := string(chart{x: "position", curves: []curve{{y: long}}}.svg())
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

// Names at the ends of curves do not cover each other.
func TestLabels(t *testing.T) {
	y := []float64{1, 1}
	svg := string(chart{curves: []curve{{name: "a", y: y}, {name: "b", y: y}, {name: "c", y: y}}}.svg())
	var at []float64
	for _, m := range regexp.MustCompile(`class="name [^"]*" x="\d+" y="([0-9.]+)"`).FindAllStringSubmatch(svg, -1) {
		v, _ := strconv.ParseFloat(m[1], 64)
		at = append(at, v)
	}
	if len(at) != 3 || at[1]-at[0] < labelHeight || at[2]-at[1] < labelHeight {
		t.Errorf("labels at %v", at)
	}
}

func TestStrip(t *testing.T) {
	at := func(value, limit float64, ok bool) float64 {
		m := regexp.MustCompile(`cx="([0-9.]+)"`).FindStringSubmatch(string(strip(value, limit, ok)))
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	const lo, mid, hi = 4, stripWidth / 2, stripWidth - 4
	for _, c := range []struct {
		value, limit, want float64
	}{
		{0, 1, lo},
		{0, 0, lo},
		{1, 1, mid},
		{1e-3, 1, lo + (mid-lo)/2.},
		{1e3, 1, mid + (hi-mid)/2.},
		{1e30, 1, hi},
		{1e-30, 1, lo},
		{1, 0, hi},
		{math.NaN(), 1, hi},
		{math.Inf(1), 1, hi},
		{1, math.Inf(1), lo},
		{1, math.NaN(), hi},
	} {
		if got := at(c.value, c.limit, true); math.Abs(got-c.want) > 0.1 {
			t.Errorf("%g of %g: at %g, want %g", c.value, c.limit, got, c.want)
		}
	}
	if s := string(strip(2, 1, false)); !strings.Contains(s, `class="bad"`) || !strings.Contains(s, "<title>2, limit 1</title>") {
		t.Error(s)
	}
}

// Where layers were not compared one by one, nothing is drawn of it.
func TestLayerChartEndToEnd(t *testing.T) {
	nan := math.NaN()
	v := view{Report: &verify.Report{Forward: &verify.Forward{Layers: []verify.Layer{
		{Layer: 0, Local: nan, Limit: nan, EndToEnd: 1e-6, OK: true}, {Layer: 1, Local: nan, Limit: nan, EndToEnd: 2e-6, OK: true},
	}}}}
	svg := string(v.LayerChart())
	if strings.Contains(svg, "alone") || strings.Contains(svg, "limit</text>") || strings.Contains(svg, "NaN") || !strings.Contains(svg, "the largest error is 2e-6, of layer 1") {
		t.Error(svg)
	}
	v.Forward.Layers[1].Limit, v.Forward.Layers[0].Limit = math.Inf(1), math.Inf(1) // no limit
	if svg := string(v.LayerChart()); strings.Contains(svg, "its limit") || !strings.Contains(svg, "alone") {
		t.Error(svg)
	}
}
