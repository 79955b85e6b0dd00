package closeness

import (
	"math"
	"testing"
)

func TestCloseness(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"relative", Relative(1, 4), 0.5},
		{"relative, equal", Relative(0, 0), 0},
		{"relative, to nothing", Relative(3, 0), 1},
		{"relative, without bound", Relative(inf, 1), math.MaxFloat64},
		{"cosine", Cosine(4, 9, 3), 0.5},
		{"cosine, rounded", Cosine(1, 1, 1+1e-15), 1},
		{"cosine, opposite", Cosine(1, 1, -1-1e-15), -1},
		{"cosine, nothing", Cosine(0, 9, 0), 0},
		{"cosine, without bound", Cosine(inf, 1, 1), 0},
		{"finite", Finite(-2), -2},
		{"finite, NaN", Finite(math.NaN()), math.MaxFloat64},
	} {
		if c.got != c.want {
			t.Errorf("%s: found %v, want %v", c.name, c.got, c.want)
		}
	}
}
