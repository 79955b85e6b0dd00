package page

import (
	"slices"
	"strconv"
	"strings"
)

// Sizes of a histogram, in the units of its picture.
const histogramWidth, histogramHeight = 256, 64

// outline is the shape of counts as columns: the largest is as high as the
// picture, and a column that has any is seen. Nothing if there are none.
func outline(counts []int64) string {
	if len(counts) == 0 || slices.Max(counts) <= 0 {
		return ""
	}
	most := float64(slices.Max(counts))
	var b strings.Builder
	b.WriteString("M0 " + strconv.Itoa(histogramHeight))
	was, from := 0, 0
	for i, n := range counts {
		high := 0
		if n > 0 {
			high = max(1, int(float64(n)/most*histogramHeight+0.5))
		}
		if high != was {
			b.WriteString("H" + strconv.Itoa(from) + "V" + strconv.Itoa(histogramHeight-high))
			was = high
		}
		from = (i + 1) * histogramWidth / len(counts)
	}
	b.WriteString("H" + strconv.Itoa(histogramWidth) + "V" + strconv.Itoa(histogramHeight) + "z")
	return b.String()
}
