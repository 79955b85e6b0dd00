package human

import (
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{
		{0, "0"},
		{1, "1"},
		{3.1234e-6, "3.12e-6"},
		{3e-6, "3e-6"},
		{-2.5e-12, "-2.5e-12"},
		{9.999e-4, "1e-3"},
		{0.001, "0.001"},
		{0.041521, "0.0415"},
		{12.345, "12.3"},
		{999.4, "999"},
		{999.6, "1000"},
		{1234.5, "1234"},
		{1.5e9, "1.5e9"},
		{math.SmallestNonzeroFloat64, "4.94e-324"},
		{math.MaxFloat64, "1.8e308"},
		{math.NaN(), "NaN"},
		{math.Inf(1), "∞"},
		{math.Inf(-1), "-∞"},
	} {
		if got := Number(c.x); got != c.want {
			t.Errorf("Number(%g) = %q, want %q", c.x, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Percent(0.99743), "99.74 %"},
		{Percent(0), "0 %"},
		{Percent(math.NaN()), "NaN"},
		{Percent(math.Inf(1)), "∞"},
		{Plural(1, "flip"), "1 flip"},
		{Plural(0, "flip"), "0 flips"},
		{Plural(2000, "flip"), "2,000 flips"},
	} {
		if c.got != c.want {
			t.Errorf("found %q, want %q", c.got, c.want)
		}
	}
}
