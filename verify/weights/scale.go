package weights

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/verify/internal/view"
)

// scaled tries a factor: the best in least squares, made a number that a person
// would have written, such that CAND comes out exactly.
func (x *patient) scaled(ctx context.Context) (finding, error) {
	m := x.m
	base, ok := x.values()
	if !ok || !m.measured || m.ww == 0 || m.gg == 0 {
		return finding{}, nil
	}
	f := m.wg / m.ww
	// What is left without the factor is rounding, of both sides, and of the sums.
	rest := math.Sqrt(max(0, m.gg-f*m.wg) / m.gg)
	if f-f != 0 || f == 0 || rest > max(4*roundingOf(x.got.DType), 1e-6) {
		return finding{}, nil
	}
	try := func(what string, c float64, t formats.Tensor, err error) (finding, error) {
		t, ok := x.typed(t, err)
		if !ok {
			return finding{}, nil
		}
		same, err := x.is(ctx, t)
		if err != nil || !same {
			return finding{}, err
		}
		return finding{say: what + " by " + strconv.FormatFloat(c, 'g', -1, 64) + ", exactly"}, nil
	}
	for _, c := range factors(f) {
		t, err := view.Scale(base, c)
		if g, err := try("scaled", c, t, err); err != nil || g.say != "" {
			return g, err
		}
	}
	for _, c := range factors(1 / f) { // a quotient is rounded otherwise
		by := c
		if base.DType != formats.F64 {
			by = float64(float32(c))
		}
		t, err := view.Map(base, func(x float64) float64 { return x / by })
		if g, err := try("divided", c, t, err); err != nil || g.say != "" {
			return g, err
		}
	}
	// A factor as near to 1 as this may be chance.
	if math.Abs(f-1) < 4*rest/math.Sqrt(float64(x.got.Elements()))+1e-7 || math.Abs(f-1) < rest/4 {
		return finding{}, nil
	}
	return finding{say: fmt.Sprintf("scaled by about %.6g, as nearly as %s can tell", f, x.got.DType)}, nil
}

// roundingOf is the relative error of one rounding to a type.
func roundingOf(d formats.DType) float64 {
	switch d {
	case formats.F16:
		return 0x1p-11
	case formats.BF16:
		return 0x1p-8
	case formats.F32:
		return 0x1p-24
	case formats.F64:
		return 0x1p-53
	}
	return bounds8
}

// bounds8 is what Q8_0 makes of normal values, in relative error, with a margin.
const bounds8 = 8e-3

// factors returns numbers near f that people multiply or divide by: those of few
// digits, and square roots of whole numbers; last f itself.
func factors(f float64) []float64 {
	var cs []float64
	add := func(c float64) {
		if math.Abs(c/f-1) < 0.01 && !slices.Contains(cs, c) {
			cs = append(cs, c)
		}
	}
	for n := range 7 {
		c, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'e', n, 64), 64)
		add(c)
	}
	if k := math.Round(f * f); k >= 1 && k < 1<<40 {
		add(math.Copysign(math.Sqrt(k), f))
	}
	if k := math.Round(1 / (f * f)); k >= 1 && k < 1<<40 {
		add(math.Copysign(1/math.Sqrt(k), f))
	}
	return append(cs, f)
}
