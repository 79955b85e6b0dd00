package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"olmotool/internal/human"
)

// A strip shows how far a value is from its limit, on a logarithmic scale whose
// middle is the limit: left is fine, right is beyond it.
const (
	stripWidth, stripHeight = 150, 14
	stripDecades            = 6 // on either side
)

// strip draws value against limit.
func strip(value, limit float64, ok bool) template.HTML {
	at := 1.0
	switch r := value / limit; {
	case value == 0:
		at = 0
	case finite(r) && r > 0:
		at = min(1, max(0, (math.Log10(r)/stripDecades+1)/2))
	case value <= limit:
		at = 0
	}
	class := "fine"
	if !ok {
		class = "bad"
	}
	x, mid := 4+at*(stripWidth-8), stripWidth/2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="strip" viewBox="0 0 %d %d" role="img"><title>%s, limit %s</title>`, stripWidth, stripHeight, human.Number(value), human.Number(limit))
	fmt.Fprintf(&b, `<line class="grid" x1="4" y1="7" x2="%d" y2="7"/>`, stripWidth-4)
	fmt.Fprintf(&b, `<line class="bar %s" x1="%d" y1="7" x2="%.1f" y2="7"/>`, class, mid, x)
	fmt.Fprintf(&b, `<line class="at" x1="%d" y1="1" x2="%d" y2="13"/>`, mid, mid)
	fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="7" r="3.6"/></svg>`, class, x)
	return template.HTML(b.String())
}
