package chart

import (
	"math"
	"strconv"
	"strings"

	"olmotool/internal/human"
)

// scale places values from top to bottom of the plot.
type scale interface {
	y(v float64) float64
	lines() []line
}

// line is a line of the grid.
type line struct {
	value float64
	label string // markup
}

// unknown is the line of what is no finite number.
var unknown = line{math.NaN(), "NaN, ∞"}

// decades is a logarithmic scale.
type decades struct {
	lo, hi        int
	zero, unknown bool
}

// maxLines bounds the lines of a grid.
const maxLines = 12

func newDecades(curves []Curve) decades {
	s := decades{lo: math.MaxInt, hi: math.MinInt}
	for _, c := range curves {
		for _, v := range c.Y {
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

func (s decades) y(v float64) float64 {
	rows := float64(s.hi - s.lo + count(s.zero) + count(s.unknown))
	row := float64(count(s.unknown)+s.hi) - math.Log10(math.Abs(v)) // from the top
	switch {
	case !finite(v):
		row = 0
	case v == 0:
		row = rows
	}
	return top + row*float64(height-top-bottom)/rows
}

func (s decades) lines() (ls []line) {
	if s.unknown {
		ls = append(ls, unknown)
	}
	if s.zero {
		ls = append(ls, line{0, "0"})
	}
	step := (s.hi-s.lo)/maxLines + 1
	for d := s.lo; d <= s.hi; d += step {
		ls = append(ls, line{math.Pow10(d), `10<tspan class="power" dy="-5">` + strings.ReplaceAll(strconv.Itoa(d), "-", "−") + `</tspan>`})
	}
	return ls
}

// linear is a scale from one multiple of step to another.
type linear struct {
	step    float64
	lo, hi  float64 // in steps
	unknown bool
	percent bool
}

// newLinear fits a scale to the values. It begins at zero, unless they are no
// shares and that would leave them a small part of it; what is nearly level does
// not fill it all the same.
func newLinear(curves []Curve, percent bool) linear {
	s := linear{percent: percent}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, v := range c.Y {
			if !finite(v) {
				s.unknown = true
				continue
			}
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	switch size := max(math.Abs(lo), math.Abs(hi)); {
	case lo > hi:
		lo, hi = 0, 1
	case percent || hi-lo > size/4:
		lo, hi = min(lo, 0), max(hi, 0)
	default:
		lo = min(lo, hi-size/20)
	}
	if hi-lo < 1e-300 {
		lo, hi = 0, 1 // nothing but zeros, or what is next to them
	}
	s.step = math.Pow(10, math.Floor(math.Log10(hi/4-lo/4)))
	for _, k := range []float64{5, 2} {
		if s.step*k <= hi/4-lo/4 {
			s.step *= k
			break
		}
	}
	s.lo, s.hi = math.Floor(lo/s.step), math.Ceil(hi/s.step)
	return s
}

func (s linear) y(v float64) float64 {
	rows := s.hi - s.lo + float64(count(s.unknown))
	row := float64(count(s.unknown)) + s.hi - v/s.step
	if !finite(v) {
		row = 0
	}
	return top + row*float64(height-top-bottom)/rows
}

func (s linear) lines() (ls []line) {
	if s.unknown {
		ls = append(ls, unknown)
	}
	for k := s.lo; k <= s.hi; k++ {
		// Divided and not multiplied by a tenth: 0.3, not 0.30000000000000004.
		v := k * s.step
		if s.step < 1 {
			v = k / math.Round(1/s.step)
		}
		label := strconv.FormatFloat(v, 'g', 6, 64)
		if s.percent {
			label = human.Percent(v)
		}
		ls = append(ls, line{v, strings.ReplaceAll(label, "-", "−")})
	}
	return ls
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
