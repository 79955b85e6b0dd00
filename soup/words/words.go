// Package words says what is in the diagnostics of a soup, in sentences and tables
// that the command line and the page lay out, each in its way.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"olmotool/internal/human"
	"olmotool/soup"
)

// Title says in a few words what was diagnosed.
func Title(d *soup.Diagnostics) string {
	s := human.Plural(len(d.Models), "model") + ", " + d.Method
	if d.Base != "" {
		s += " from a base"
	}
	return s
}

// Summary says in a sentence what the figures come to.
func Summary(d *soup.Diagnostics) string {
	f := d.Matrices
	var s []string
	if len(d.Models) > 1 {
		s = append(s, fmt.Sprintf("the models are %s of its length away from their mean, which is %s as long as they are", Percent(f.Dispersion), Number(f.Shrinkage)))
	}
	if r := f.Rounding; r != nil {
		said := fmt.Sprintf("rounding to %s changes %s of the elements of the soup", strings.Join(r.DTypes, ", "), Percent(r.Changed))
		if r.Changed > 0 {
			said += fmt.Sprintf(", by %s of its length", Percent(r.OfResult))
			if len(d.Models) > 1 {
				said += fmt.Sprintf(" and %s of the dispersion", Percent(r.OfSpread))
			}
		}
		s = append(s, said)
	}
	return strings.Join(s, "; ")
}

// Percent formats a share, a dash if there is none.
func Percent(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return human.Number(100*x) + " %"
}

// Number formats a figure, a dash if there is none.
func Number(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return human.Number(x)
}

// Cosine formats a cosine, a dash if there is none.
func Cosine(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return strconv.FormatFloat(x, 'f', 4, 64)
}

// Least returns the smallest cosine between two models, NaN if there is none.
func Least(f soup.Figures) float64 {
	least := math.NaN()
	for i, row := range f.Cosines {
		for _, c := range row[:i] {
			if !(c >= least) && c == c {
				least = c
			}
		}
	}
	return least
}
