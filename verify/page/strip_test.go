package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"olmotool/verify"
)

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
