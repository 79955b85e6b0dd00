package weights

import (
	"context"
	"fmt"
	"math"

	"olmotool/formats"
	"olmotool/formats/ggml"
	"olmotool/internal/element"
	"olmotool/verify/internal/view"
)

// valuewise tries what may have been done to every value in its place: signs,
// the order of bytes, rounding, the wrong type.
func (x *patient) valuewise(ctx context.Context) (finding, error) {
	base, ok := x.values()
	if !ok {
		return finding{}, nil
	}
	try := func(say string, t formats.Tensor, err error) (finding, error) {
		t, ok := x.typed(t, err)
		if !ok {
			return finding{}, nil
		}
		same, err := x.is(ctx, t)
		if err != nil || !same {
			return finding{}, err
		}
		return finding{say: say}, nil
	}
	neg, err := view.Map(base, func(x float64) float64 { return -x })
	if f, err := try("sign flipped: exactly -1 times REF", neg, err); err != nil || f.say != "" {
		return f, err
	}
	for _, t := range []formats.Tensor{base, x.want} {
		swapped, err := view.SwapBytes(t)
		if f, err := try("bytes swapped: those of each element are in the other order", swapped, err); err != nil || f.say != "" {
			return f, err
		}
	}
	for _, d := range []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16} {
		if d == base.DType || d.BlockBytes() != base.DType.BlockBytes() {
			continue
		}
		misread := base
		misread.DType = d
		f, err := try(fmt.Sprintf("misread: REF's %s bytes taken for %s", base.DType, d), misread, nil)
		if err != nil || f.say != "" {
			return f, err
		}
	}
	for _, r := range x.roundings(base) {
		if f, err := try(r.say, r.t, r.err); err != nil || f.say != "" {
			return f, err
		}
	}
	return finding{}, nil
}

type rounding struct {
	say string
	t   formats.Tensor
	err error
}

// roundings are the ways in which values lose digits, other than one rounding to
// nearest even.
func (x *patient) roundings(base formats.Tensor) []rounding {
	to := x.got.DType
	narrow, err := formats.Cast(base, formats.F32, nil)
	if err != nil {
		return nil
	}
	var rs []rounding
	add := func(say string, t formats.Tensor, err error) { rs = append(rs, rounding{say, t, err}) }
	for _, d := range []formats.DType{formats.BF16, formats.F16} {
		if d == base.DType {
			continue
		}
		if d == to {
			t, err := view.Map(narrow, truncate(d))
			add(fmt.Sprintf("truncated to %s instead of rounded", d), t, err)
			t, err = view.Map(narrow, halfAway(d))
			add(fmt.Sprintf("rounded to %s with ties away from zero instead of to even", d), t, err)
			continue
		}
		t, err := formats.Cast(narrow, d, nil)
		add(fmt.Sprintf("rounded to %s on the way", d), t, err)
		t, err = view.Map(narrow, truncate(d))
		add(fmt.Sprintf("truncated to %s on the way", d), t, err)
	}
	if base.DType == formats.F64 && to == formats.F64 {
		add("rounded to F32 on the way", narrow, nil)
	}
	if to != formats.Q8_0 {
		t, err := formats.Cast(base, formats.Q8_0, nil)
		add("quantised to Q8_0 on the way", t, err)
	}
	if !to.IsFloat() {
		return rs
	}
	least, most := limits(to)
	t, err := view.Map(x.want, func(x float64) float64 {
		if math.Abs(x) < least {
			return math.Copysign(0, x)
		}
		return x
	})
	add("subnormal values flushed to zero", t, err)
	t, err = view.Map(x.want, func(x float64) float64 {
		if math.IsInf(x, 0) {
			return math.Copysign(most, x)
		}
		return x
	})
	add(fmt.Sprintf("values too large for %s made the largest one instead of infinite", to), t, err)
	return rs
}

// reversed recognises a REF that is the rounded one of the two.
func (x *patient) reversed(ctx context.Context) (finding, error) {
	if x.ref.DType == x.got.DType || !formats.CanCast(x.got.DType, x.ref.DType) {
		return finding{}, nil
	}
	back, err := formats.Cast(x.got, x.ref.DType, nil)
	if err != nil {
		return finding{}, nil
	}
	y := *x
	y.got = x.ref
	same, err := y.is(ctx, back)
	if err != nil || !same {
		return finding{}, err
	}
	return finding{say: fmt.Sprintf("REF is CAND in %s: CAND has digits that REF has lost", x.ref.DType)}, nil
}

// limits returns the smallest normal and the largest value of a type.
func limits(d formats.DType) (least, most float64) {
	switch d {
	case formats.F16:
		return 0x1p-14, 65504
	case formats.BF16:
		return 0x1p-126, 0x1.fep127
	case formats.F32:
		return 0x1p-126, math.MaxFloat32
	}
	return 0x1p-1022, math.MaxFloat64
}

// truncate returns what rounds a float32 value to a 16-bit type, towards zero.
func truncate(d formats.DType) func(float64) float64 {
	if d == formats.BF16 {
		return func(x float64) float64 {
			if x != x {
				return x
			}
			return float64(math.Float32frombits(math.Float32bits(float32(x)) &^ 0xffff))
		}
	}
	return func(x float64) float64 {
		h := ggml.F32ToF16(float32(x))
		if math.Abs(float64(ggml.F16ToF32(h))) > math.Abs(x) {
			h-- // the next one towards zero: the sign is a bit apart
		}
		return float64(ggml.F16ToF32(h))
	}
}

// halfAway returns what rounds a float32 value to the nearest of a 16-bit type,
// and from the middle away from zero.
func halfAway(d formats.DType) func(float64) float64 {
	if d == formats.BF16 {
		return func(x float64) float64 {
			b := math.Float32bits(float32(x))
			if b&^(1<<31) >= element.InfF32 {
				return x
			}
			return float64(math.Float32frombits((b + 0x8000) &^ 0xffff))
		}
	}
	down := truncate(d)
	return func(x float64) float64 {
		y := down(x)
		if y-y != 0 {
			return x
		}
		up := float64(ggml.F16ToF32(ggml.F32ToF16(float32(y)) + 1))
		if math.IsInf(up, 0) { // what would follow, and becomes infinite
			up = math.Copysign(65536, x)
		}
		if math.Abs(up-x) <= math.Abs(x-y) {
			return up
		}
		return y
	}
}
