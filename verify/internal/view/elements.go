package view

import (
	"encoding/binary"
	"fmt"
	"math"

	"olmotool/formats"
)

// Blocks returns t with its bytes changed by fn, which is given whole blocks of
// the type (elements, where it is a plain one), any number of them.
func Blocks(t formats.Tensor, fn func(p []byte)) formats.Tensor {
	src := t.Data
	return computed(t, t.DType.BlockBytes(), func(p []byte, off int64) error {
		if err := formats.ReadFull(src, p, off); err != nil {
			return err
		}
		fn(p)
		return nil
	})
}

// SwapBytes returns t with the bytes of each element in the other order.
func SwapBytes(t formats.Tensor) (formats.Tensor, error) {
	w := int(t.DType.BlockBytes())
	if t.DType.BlockElems() != 1 || w == 1 {
		return formats.Tensor{}, fmt.Errorf("tensor %q: %s has no byte order", t.Name, t.DType)
	}
	return Blocks(t, func(p []byte) {
		for ; len(p) > 0; p = p[w:] {
			for i := range w / 2 {
				p[i], p[w-1-i] = p[w-1-i], p[i]
			}
		}
	}), nil
}

// Map returns t with f applied to each value, in t's own type: the result is
// rounded to nearest even, as float32 first unless t is F64.
func Map(t formats.Tensor, f func(x float64) float64) (formats.Tensor, error) {
	if t.DType == formats.F64 {
		return Blocks(t, func(p []byte) {
			for ; len(p) > 0; p = p[8:] {
				x := math.Float64frombits(binary.LittleEndian.Uint64(p))
				binary.LittleEndian.PutUint64(p, math.Float64bits(f(x)))
			}
		}), nil
	}
	wide, err := formats.Cast(t, formats.F32, nil)
	if err != nil {
		return formats.Tensor{}, err
	}
	wide = Blocks(wide, func(p []byte) {
		for ; len(p) > 0; p = p[4:] {
			x := math.Float32frombits(binary.LittleEndian.Uint32(p))
			binary.LittleEndian.PutUint32(p, math.Float32bits(float32(f(float64(x)))))
		}
	})
	return formats.Cast(wide, t.DType, nil)
}

// Scale returns t times c, which counts as float32 unless t is F64.
func Scale(t formats.Tensor, c float64) (formats.Tensor, error) {
	if t.DType != formats.F64 {
		c = float64(float32(c))
	}
	return Map(t, func(x float64) float64 { return x * c })
}
