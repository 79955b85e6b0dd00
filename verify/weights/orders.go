package weights

import (
	"context"
	"fmt"
	"slices"
)

// order is a way of putting places: i of the result is source(i).
type order struct {
	say    string
	source func(i int64) int64
}

// orders are those that conversions take for right.
func (x *patient) orders(a axis) []order {
	n := int64(len(a.ref))
	os := []order{{a.what + "s in reverse order", func(i int64) int64 { return n - 1 - i }}}
	if a.heads == 0 {
		return os
	}
	add := func(dim int64, of string) {
		if dim < 4 || dim%2 != 0 || n%dim != 0 {
			return
		}
		half := dim / 2
		os = append(os,
			order{a.what + "s permuted: from half-split to interleaved rotary pairs" + of, func(i int64) int64 {
				return i/dim*dim + i%2*half + i%dim/2
			}},
			order{a.what + "s permuted: from interleaved to half-split rotary pairs" + of, func(i int64) int64 {
				return i/dim*dim + i%dim%half*2 + i%dim/half
			}})
	}
	cfg := x.comparison.ref.Config
	add(cfg.HeadDim, "")
	seen := []int64{cfg.HeadDim}
	for _, heads := range []int64{cfg.NumAttentionHeads, max(1, cfg.NumKeyValueHeads)} {
		if dim := n / heads; n%heads == 0 && !slices.Contains(seen, dim) {
			seen = append(seen, dim)
			add(dim, fmt.Sprintf(", as if there were %d heads of %d", heads, dim))
		}
	}
	return os
}

// inOrder compares by hashes; where these are of all elements, some may not fit.
func (x *patient) inOrder(ctx context.Context, a axis, o order) (finding, error) {
	bad, moved, first := 0, 0, 0
	for i, h := range a.got {
		if h != a.ref[o.source(int64(i))] {
			if bad++; bad == 1 {
				first = i
			}
		}
		if h != a.ref[i] {
			moved++
		}
	}
	switch {
	case bad == 0:
		return x.confirm(ctx, a, o.say, o.source)
	case a.whole && bad*nearly <= len(a.got) && bad*4 < moved:
		return finding{say: fmt.Sprintf("%s, in all but %d of %d %ss (the first of these is %d)", o.say, bad, len(a.got), a.what, first)}, nil
	}
	return finding{}, nil
}
