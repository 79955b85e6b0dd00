package soup

import "context"

// series are sequences of as many numbers, of which the magnitudes count.
type series struct {
	length  int64
	changed error // that two readings are not of the same numbers
	// read reads ranges of all, like [Tensor.scan].
	read func(r ranges, begin func(i int64) (see see, end func() error)) error
}

// see is called with the elements of a range, some at a time and in order.
type see func(sequence int, v []float64, at int64)

// scan is [Tensor.scan] or [Tensor.scanDifferences].
type scan func(ctx context.Context, unit int64, r ranges, begin func(i int64) (look look, end func() error)) error

// series returns what derive makes of what is scanned of a tensor. It may
// overwrite that.
func (t *Tensor) series(ctx context.Context, scan scan, derive func(x [][]float64, base []float64, at int64, see see)) series {
	changed := t.errorf("found other elements when they were read once more, expected the same: did somebody write to a model?")
	return series{t.elements(), changed, func(r ranges, begin func(i int64) (see, func() error)) error {
		return scan(ctx, 1, r, func(i int64) (look, func() error) {
			see, end := begin(i)
			return func(x [][]float64, base []float64, at int64) { derive(x, base, at, see) }, end
		})
	}}
}

// nonZero counts the elements that are not zero.
func (s series) nonZero() (n int64, err error) {
	err = s.read(blocks(s.length, 1), func(int64) (see, func() error) {
		block := int64(0)
		return func(_ int, v []float64, _ int64) {
				for _, x := range v {
					if x != 0 {
						block++
					}
				}
			}, func() error {
				n += block
				return nil
			}
	})
	return n, err
}

// sample returns the keys of some elements of each sequence.
func (s series) sample(sequences int) ([][]uint64, error) {
	keys := make([][]uint64, sequences)
	err := s.read(sample(s.length), func(int64) (see, func() error) {
		block := make([][]uint64, sequences)
		return func(sequence int, v []float64, _ int64) {
				for _, x := range v {
					block[sequence] = append(block[sequence], key(x))
				}
			}, func() error {
				for i, k := range block {
					keys[i] = append(keys[i], k...)
				}
				return nil
			}
	})
	return keys, err
}

// last returns the index of the last element before a cut that divides equal
// ones, whose blocks are counted.
func (s series) last(x *search) (last int64, err error) {
	rank, block := x.rank, 0
	for ; rank > x.blocks[block]; block++ {
		rank -= x.blocks[block]
	}
	all := blocks(s.length, 1)
	one := ranges{1, func(int64) (at, elements int64) { return all.of(int64(block)) }}
	err = s.read(one, func(int64) (see, func() error) {
		return func(sequence int, v []float64, at int64) {
			if sequence != x.sequence {
				return
			}
			for i, y := range v {
				if key(y) == x.low {
					if rank--; rank == 0 {
						last = at + int64(i)
					}
				}
			}
		}, nil
	})
	return last, err
}
