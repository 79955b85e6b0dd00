package soup

import "olmotool/formats"

// rangedElems is how many elements a method is given at a time: few enough that
// those of some models stay in the nearest cache, enough that calls do not count.
const rangedElems = 256

// ranged computes blocks with the function of a method.
type ranged struct {
	compute Range
	in      []*input // of the models, and of the base if there is one
	base    bool
	out     formats.DType
	lost    *formats.CastStats
}

func (k *ranged) block(s *scratch, dst []byte, raw [][]byte, n int, at int64) error {
	x := s.floats(len(k.in), n)
	for i, t := range k.in {
		if !widen(x[i], t.DType, raw[i], s.mid) && !t.anyway {
			return t.refuse(x[i], at)
		}
	}
	var base []float64
	if k.base {
		last := len(x) - 1
		x, base = x[:last], x[last]
	}
	y := s.y[:n]
	k.compute(y, x, base, at)
	encode(dst, k.out, y, s.mid, k.lost)
	return nil
}
