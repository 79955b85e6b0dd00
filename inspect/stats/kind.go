package stats

import (
	"math"
	"sync"

	"olmotool/formats"
	"olmotool/internal/element"
)

// kind is how a tensor is counted.
type kind struct {
	*element.Kind
	class class
	bad   []uint16 // patterns of a narrow type that are not finite
}

// class is what is counted.
type class uint8

const (
	narrow class = iota // every pattern of at most 16 bits
	single              // the upper half of float32
	double              // the upper 16 bits as float64
)

// kinds has the plain types that can be counted. It takes a quarter of a million
// patterns to make.
var kinds = sync.OnceValue(func() map[formats.DType]*kind {
	ks := map[formats.DType]*kind{}
	for d := formats.Bool; d < formats.Q4_0; d++ {
		e, ok := element.Of(d)
		if !ok {
			continue
		}
		k := &kind{Kind: e, class: double}
		switch {
		case d == formats.F32:
			k.class = single
		case e.Width <= 2:
			k.class = narrow
			for p := range uint64(1) << (8 * e.Width) {
				if !finite(e.Value(p)) {
					k.bad = append(k.bad, uint16(p))
				}
			}
		}
		ks[d] = k
	}
	return ks
})

// kindOf returns how a type is counted; a quantised one that can be decoded is
// counted as F32.
func kindOf(d formats.DType) (*kind, bool) {
	if d.IsBlock() && formats.CanCast(d, formats.F32) {
		d = formats.F32
	}
	k, ok := kinds()[d]
	return k, ok
}

// read returns the first element of b.
func (k *kind) read(b []byte) float64 { return k.Value(k.Load(b)) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
