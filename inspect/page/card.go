package page

import (
	"fmt"
	"strconv"

	"olmotool/inspect/rounding"
	"olmotool/inspect/stats"
	"olmotool/internal/human"
)

// card is what a click on a tensor shows.
type card struct {
	ID    int
	Name  string
	Lines []string // what it is, and where

	Histogram, Exponents outlined
	Numbers              []number
}

// outlined is a histogram, and what is below it.
type outlined struct{ Path, Low, About, High string }

// number is a number that has a name; one that is not as it should be is bad.
type number struct {
	Name, Value string
	Bad         bool
}

func newCard(i int, t Tensor) *card {
	c := &card{ID: i, Name: short(t.Name), Lines: []string{
		fmt.Sprintf("%s %s, %s elements, %s", t.Tensor.DType, shape(t.Tensor.Shape), human.Count(t.Tensor.Elements()), human.Bytes(t.Tensor.Bytes())),
	}}
	o := t.Tensor.Origin
	where := ""
	if o.Name != t.Name {
		where = short(o.Name) + " in "
	}
	if o.File != "" {
		where += base(o.File)
		if o.Offset >= 0 {
			where += ", from byte " + human.Count(o.Offset)
		}
		c.Lines = append(c.Lines, where)
	}
	if t.Stats == nil {
		return c
	}
	c.draw(t.Stats)
	c.count(t.Stats)
	if t.Loss != nil {
		for k, e := range t.Loss {
			if e == e { // not one that does not apply
				c.add("loss in "+rounding.Types[k].String(), human.Number(e), false)
			}
		}
	}
	return c
}

func (c *card) add(name, value string, bad bool) {
	c.Numbers = append(c.Numbers, number{name, value, bad})
}

// draw draws the histograms.
func (c *card) draw(s *stats.Stats) {
	if h := s.Histogram; len(h.Counts) > 0 {
		c.Histogram = outlined{
			outline(h.Counts), human.Number(h.Low),
			fmt.Sprintf("%s below, %s above", human.Count(h.Below), human.Count(h.Above)), human.Number(h.High),
		}
	}
	if e := s.Exponents; len(e.Counts) > 1 {
		c.Exponents = outlined{outline(e.Counts), power(e.First), "magnitudes by powers of two", power(e.First + len(e.Counts))}
	}
}

func (c *card) count(s *stats.Stats) {
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"min", s.Min},
		{"max", s.Max},
		{"mean", s.Mean},
		{"standard deviation", s.Std},
		{"root mean square", s.RMS},
		{"median", s.Quantiles[len(s.Quantiles)/2]},
	} {
		c.add(x.name, human.Number(x.value), false)
	}
	all := func(name string, n int64, bad bool) {
		if n > 0 {
			c.add(name, human.Count(n)+", "+percent(part(n, s.Elements)), bad)
		}
	}
	all("zeros", s.Zeros, s.Zeros == s.Elements)
	all("denormal", s.Denormals, false)
	all("NaN", s.NaN, true)
	all("infinite", s.Inf, true)
	if s.FirstNonFinite != nil {
		c.add("first of these", fmt.Sprint(s.FirstNonFinite), true)
	}
	if d := s.Dead; d != nil && d.Rows > 0 {
		c.add("rows of zeros", fmt.Sprintf("%s, first %s", human.Count(d.Rows), human.Count(d.FirstRow)), false)
	}
	if d := s.Dead; d != nil && d.Columns > 0 {
		c.add("columns of zeros", fmt.Sprintf("%s, first %s", human.Count(d.Columns), human.Count(d.FirstColumn)), false)
	}
	all("infinite in F16", s.OverflowF16, true)
}

// shape writes dimensions as people do.
func shape(dims []int64) string {
	if len(dims) == 0 {
		return "scalar"
	}
	s := ""
	for i, n := range dims {
		if i == 8 {
			return s + " × …"
		}
		if i > 0 {
			s += " × "
		}
		s += strconv.FormatInt(n, 10)
	}
	return s
}

func power(e int) string { return "2^" + strconv.Itoa(e) }
