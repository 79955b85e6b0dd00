package explore

import (
	"fmt"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/inspect/stats"
	"olmotool/internal/human"
)

// drawDetail draws what is chosen.
func (s *state) drawDetail(width int) []string {
	r := s.chosen()
	switch {
	case r == nil:
		return []string{"no tensor has this in its name"}
	case r.tensor < 0:
		return s.drawModule(r.node, width)
	}
	t := s.tensors[r.tensor]
	out := []string{
		bold.Render(human.Printable(t.Name)),
		fmt.Sprintf("%s %v  %s elements, %s", t.DType, t.Shape, human.Count(t.Elements()), human.Bytes(t.Bytes())),
		faint.Render(stored(t)),
		"",
	}
	out = append(out, s.drawKnown(r.tensor, width)...)
	// What there is no room for is left out, but not the values one moves in.
	high, _ := s.seen()
	room := max(s.lines()-int(high)-2, 1)
	return append(append(out[:min(len(out), room)], ""), s.drawValues(t)...)
}

// stored says where a tensor lies.
func stored(t formats.Tensor) string {
	o := t.Origin
	if o.File == "" {
		return "computed"
	}
	at := ""
	if o.Offset >= 0 {
		at = fmt.Sprintf(" at byte %s", human.Count(o.Offset))
	}
	if o.Name != t.Name {
		at += " as " + o.Name
	}
	return human.Printable(filepath.Base(o.File) + at)
}

// drawModule draws what a module is made of.
func (s *state) drawModule(n *node, width int) []string {
	out := []string{
		bold.Render(human.Printable(n.label)),
		fmt.Sprintf("%s parameters in %s tensors, %s", human.Count(n.elements), human.Count(int64(n.tensors)), human.Bytes(n.bytes)),
		"",
	}
	const name, share = 24, 8
	for _, c := range n.children {
		part := 0.0
		if n.bytes > 0 {
			part = float64(c.bytes) / float64(n.bytes)
		}
		bar := strings.Repeat("█", int(part*float64(max(width-name-share, 1))+0.5))
		out = append(out, fit(human.Printable(c.label), name)+fmt.Sprintf("%6.1f%% ", 100*part)+bars.Render(bar))
	}
	return out
}

// drawKnown draws the statistics of a tensor.
func (s *state) drawKnown(i, width int) []string {
	k := s.known[i]
	switch {
	case k == nil:
		return []string{faint.Render("statistics: reading …")}
	case k.err != nil:
		return []string{warned.Render(human.Printable(k.err.Error()))}
	}
	num := human.Number
	out := []string{
		fmt.Sprintf("min %s  max %s  mean %s", num(k.Min), num(k.Max), num(k.Mean)),
		fmt.Sprintf("std %s  rms %s  |max| %s", num(k.Std), num(k.RMS), num(k.AbsMax)),
		fmt.Sprintf("median %s  0.1%% %s  99.9%% %s", num(k.Quantiles[4]), num(k.Quantiles[0]), num(k.Quantiles[8])),
		fmt.Sprintf("zeros %s  denormals %s", human.Count(k.Zeros), human.Count(k.Denormals)),
	}
	if k.NaN+k.Inf > 0 {
		out = append(out, warned.Render(fmt.Sprintf("NaN %s  Inf %s  first at %v", human.Count(k.NaN), human.Count(k.Inf), k.FirstNonFinite)))
	}
	if d := k.Dead; d != nil && d.Rows+d.Columns > 0 {
		out = append(out, warned.Render(fmt.Sprintf("all zero: %s rows, %s columns", human.Count(d.Rows), human.Count(d.Columns))))
	}
	return append(append(out, ""), drawHistogram(k.Histogram, width)...)
}

const histogramLines = 5

// drawHistogram draws the bins as columns, so many to a column as fit.
func drawHistogram(h stats.Histogram, width int) []string {
	if len(h.Counts) == 0 || width < 8 {
		return nil
	}
	per := max((len(h.Counts)+width-1)/width, 1)
	var columns []int64
	var most int64
	for i := 0; i < len(h.Counts); i += per {
		var n int64
		for _, c := range h.Counts[i:min(i+per, len(h.Counts))] {
			n += c
		}
		columns, most = append(columns, n), max(most, n)
	}
	eighths := []rune(" ▁▂▃▄▅▆▇█")
	out := make([]string, 0, histogramLines+1)
	for y := histogramLines - 1; y >= 0; y-- {
		var b strings.Builder
		for _, n := range columns {
			full := 0
			if most > 0 {
				full = int(float64(n) / float64(most) * 8 * histogramLines)
			}
			if n > 0 && full == 0 {
				full = 1
			}
			b.WriteRune(eighths[max(0, min(full-8*y, 8))])
		}
		out = append(out, bars.Render(b.String()))
	}
	low, high := human.Number(h.Low), human.Number(h.High)
	gap := max(len(columns)-len(low)-len(high), 1)
	return append(out, faint.Render(low+strings.Repeat(" ", gap)+high))
}
