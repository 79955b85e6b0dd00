package weights

import (
	"context"
	"fmt"
	"math"
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
	// What is left without the factor is rounding, of both sides.
	rest := math.Sqrt(max(0, m.gg-f*m.wg) / m.gg)
	if f-f != 0 || f == 0 || rest > max(4*roundingOf(x.got.DType), 1e-7) {
		return finding{}, nil
	}
	for _, c := range factors(f) {
		t, ok := x.typed(view.Scale(base, c))
		if !ok {
			return finding{}, nil
		}
		same, err := x.is(ctx, t)
		if err != nil {
			return finding{}, err
		}
		if same {
			return finding{say: "scaled by " + strconv.FormatFloat(c, 'g', -1, 64) + ", exactly"}, nil
		}
	}
	// A factor as near to 1 as this may be chance.
	if math.Abs(f-1) < 4*rest/math.Sqrt(float64(x.got.Elements()))+1e-7 || math.Abs(f-1) < rest/4 {
		return finding{}, nil
	}
	return finding{say: fmt.Sprintf("scaled by about %.6g, to a relative error of %.1g: that of rounding", f, rest)}, nil
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

// factors returns numbers near f that people multiply by: with few digits, one
// over these, square roots of whole numbers and one over these.
func factors(f float64) []float64 {
	var cs []float64
	add := func(c float64) {
		if math.Abs(c/f-1) < 0.01 {
			for _, have := range cs {
				if have == c {
					return
				}
			}
			cs = append(cs, c)
		}
	}
	digits := func(x float64, n int) float64 {
		y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', n-1, 64), 64)
		return y
	}
	for n := 1; n <= 7; n++ {
		add(digits(f, n))
		if c := digits(1/f, n); c != 0 {
			add(1 / c)
		}
	}
	for _, k := range []float64{math.Round(f * f), math.Round(1 / (f * f))} {
		if k >= 1 && k < 1<<40 {
			add(math.Copysign(math.Sqrt(k), f))
			add(math.Copysign(1/math.Sqrt(k), f))
		}
	}
	return append(cs, f)
}
