package soup

import "math"

// Magnitudes of a tensor have an order: the larger is before the smaller, and of
// equal ones that of the lower index. A cut is a place in it. It is found
// exactly, by passes that count, in memory that hardly depends on the tensor.

// A cut has some number of elements before it: those with a larger key, and those
// with its key up to index last.
type cut struct {
	key  uint64
	last int64
}

// key makes integers of magnitudes, in the same order.
func key(v float64) uint64 { return math.Float64bits(v) &^ (1 << 63) }

// maxKey is not below any.
const maxKey = math.MaxInt64

// before says whether element i, with magnitude v, is before the cut.
func (c cut) before(v float64, i int64) bool {
	k := key(v)
	return k > c.key || k == c.key && i <= c.last
}

// mask sets to zero what is not before the cut; at is the index of the first
// element.
func (c cut) mask(d []float64, at int64) {
	n := int64(0)
	if c.last >= at {
		n = min(c.last-at, int64(len(d))-1) + 1
	}
	atLeast(d[:n], c.key)
	atLeast(d[n:], c.key+1)
}

// atLeast sets to zero what has a key below least.
func atLeast(x []float64, least uint64) {
	below := int64(-1)
	if least > 0 {
		below = int64(min(least-1, maxKey))
	}
	for i := atLeastFast(x, below); i < len(x); i++ {
		if int64(key(x[i])) <= below {
			x[i] = 0
		}
	}
}

// within stores those keys of x in keys that are above below, up to high, and
// returns how many they are, and how many are above high. keys has room for some
// more than x has.
func within(keys []uint64, x []float64, below, high int64) (inside, above int) {
	_ = keys[len(x)+withinMore-1]
	n, inside, above := withinFast(keys, x, below, high)
	for _, v := range x[n:] {
		switch k := int64(key(v)); {
		case k > high:
			above++
		case k > below:
			keys[inside] = uint64(k)
			inside++
		}
	}
	return inside, above
}

// withinMore is how much more room there has to be.
const withinMore = 4

// cuts returns the cuts that have as many elements before them as counts says,
// for each sequence of s; a count beyond their length is that of all.
//
// A sample says where to look, and a pass counts what is there; if keys are left
// that were counted together, as in large tensors of float32, another one looks
// at these. Where a cut divides equal elements, of which tensors of few bits are
// full, it is known by then in which block, or one more pass finds out, up to
// that; it is read once more.
func cuts(s series, counts [][]int64) ([][]cut, error) {
	all, err := s.searchKeys(counts)
	if err != nil {
		return nil, err
	}
	var divided []*search
	for _, x := range all {
		if x.divides() && x.blocks == nil {
			divided = append(divided, x)
		}
	}
	if err := s.pass(divided); err != nil {
		return nil, err
	}
	out := make([][]cut, len(counts))
	for _, x := range all {
		c := cut{x.low, math.MaxInt64}
		if x.divides() {
			if c.last, err = s.last(x); err != nil {
				return nil, err
			}
		}
		out[x.sequence] = append(out[x.sequence], c)
	}
	return out, nil
}
