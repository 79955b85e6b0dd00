package weights

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"olmotool/formats"
	"olmotool/internal/element"
)

// fewElements lists what changed if that is little: of one element also which
// bits.
func (x *patient) fewElements(context.Context) (finding, error) {
	m, d := x.m, x.got.DType
	if m.changed > maxListed || m.changed*4 > x.got.Elements() || d.BlockElems() != 1 {
		return finding{}, nil
	}
	var list []string
	for _, i := range m.elems {
		want, err := element.Print(x.want, i)
		if err != nil {
			return finding{}, err
		}
		got, err := element.Print(x.got, i)
		if err != nil {
			return finding{}, err
		}
		bit, err := x.flippedBit(i)
		if err != nil {
			return finding{}, err
		}
		list = append(list, fmt.Sprintf("%v is %s, expected %s%s", element.Index(x.got.Shape, i), got, want, bit))
	}
	what := "1 element changed: "
	if m.changed > 1 {
		what = fmt.Sprintf("%d elements changed: ", m.changed)
	}
	return finding{say: what + strings.Join(list, "; ")}, nil
}

// flippedBit says which bit of element i is another, if it is one: counted from the
// lowest of the part that it is in.
func (x *patient) flippedBit(i int64) (string, error) {
	var w worker
	a, b, _, err := w.read(x.want, x.got, i, 1, refCand)
	if err != nil || len(a) > 8 {
		return "", err
	}
	diff := element.Bits(a) ^ element.Bits(b)
	if bits.OnesCount64(diff) != 1 {
		return "", nil
	}
	k := bits.TrailingZeros64(diff)
	fraction, ok := fractionBits[x.got.DType]
	switch {
	case !ok:
		return fmt.Sprintf(" (bit %d flipped)", k), nil
	case k == 8*len(a)-1:
		return " (the sign flipped)", nil
	case k >= fraction:
		return fmt.Sprintf(" (bit %d of the exponent flipped)", k-fraction), nil
	}
	return fmt.Sprintf(" (bit %d of the fraction flipped)", k), nil
}

// fractionBits is how many bits of a type, from the lowest on, are the fraction.
var fractionBits = map[formats.DType]int{formats.F16: 10, formats.BF16: 7, formats.F32: 23, formats.F64: 52}
