// Package words says what is in a report of package verify, in lines and rows
// that the command line and the page lay out, each in its way.
package words

import (
	"fmt"
	"math"
	"strings"

	"olmotool/formats"
	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/weights"
)

// Row is one measured value and what it means.
type Row struct{ Name, Value, Note string }

// Side describes one of the two models: layout, architecture, size and element
// types.
func Side(s verify.Side) string {
	var what []string
	for _, w := range []string{s.Layout, s.Model} {
		if w != "" {
			what = append(what, w)
		}
	}
	if s.Parameters > 0 {
		what = append(what, human.Count(s.Parameters)+" parameters")
	}
	for d := formats.DType(1); d.Valid(); d++ {
		if n := s.DTypes[d]; n > 0 {
			what = append(what, fmt.Sprintf("%s %s", d, human.Bytes(n)))
		}
	}
	return strings.Join(what, ", ")
}

// Further are the reasons that the verdict does not have in it.
func Further(r *verify.Report) []string {
	if len(r.Reasons) > 0 && strings.HasSuffix(r.Verdict, r.Reasons[0]) {
		return r.Reasons[1:]
	}
	return r.Reasons
}

// Weights counts how the tensors did.
func Weights(r *weights.Report) string {
	var how []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{r.Identical, "the same bytes"},
		{r.Cast, "correctly rounded"},
		{r.Quantised, "correctly quantised"},
		{r.Bounded, "within the error of their type"},
		{len(r.Failures) + r.MoreFailures, "wrong"},
		{len(r.Missing), "missing"},
		{len(r.Extra), "in excess"},
	} {
		if c.n > 0 {
			how = append(how, human.Count(int64(c.n))+" "+c.what)
		}
	}
	s := human.Plural(r.Tensors, "tensor") + " compared"
	if len(how) > 0 {
		s += ": " + strings.Join(how, ", ")
	}
	return s
}

// Place says where something diverged; layers is the number of layers.
func Place(d verify.Divergence, layers int) string {
	switch {
	case d.Layer < 0:
		return "before the first layer, " + d.Site
	case layers > 0 && d.Layer >= layers:
		return "behind the last layer, " + d.Site
	}
	return fmt.Sprintf("layer %d, %s", d.Layer, d.Site)
}

// Limit formats a limit, which there may be none of.
func Limit(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "none"
	}
	return human.Number(x)
}

// Amount says how far something diverged.
func Amount(d verify.Divergence) string {
	what := map[string]string{
		"worst_token": "relative error of one position",
		"end_to_end":  "relative error end to end",
	}[d.Metric]
	if d.Metric == "non_finite" {
		return "values that are no numbers in " + human.Plural(int(d.Value), "position")
	}
	if what == "" {
		what = "relative error"
	}
	return fmt.Sprintf("%s %s, limit %s", what, human.Number(d.Value), Limit(d.Limit))
}

// Alone formats what was measured of a layer that was run alone; nothing if only
// the whole was.
func Alone(l verify.Layer, x float64) string {
	if math.IsNaN(l.Limit) {
		return ""
	}
	return human.Number(x)
}
