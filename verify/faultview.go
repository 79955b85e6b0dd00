package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/faults"
)

// same reports whether a fault changes nothing in these weights: norms that are
// all ones can be exchanged.
func same(ctx context.Context, v *verification, f faults.Fault, m *olmo.Model) (bool, error) {
	if !f.Weights {
		return false, nil
	}
	for i, t := range m.Tensors {
		if !slices.Contains(f.Tensors, t.Name) {
			continue
		}
		want := v.ref.Tensors[i]
		if want.DType != t.DType || !slices.Equal(want.Shape, t.Shape) {
			return false, nil
		}
		equal, err := sameBytes(ctx, want, t)
		if !equal || err != nil {
			return false, err
		}
	}
	return true, nil
}

// samePiece is how many bytes of each of two tensors are in memory.
const samePiece = 1 << 20

func sameBytes(ctx context.Context, a, b formats.Tensor) (bool, error) {
	p, q := make([]byte, samePiece), make([]byte, samePiece)
	for off := int64(0); off < a.Bytes(); off += samePiece {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n := min(samePiece, a.Bytes()-off)
		for _, x := range []struct {
			t formats.Tensor
			p []byte
		}{{a, p[:n]}, {b, q[:n]}} {
			if err := formats.ReadFull(x.t.Data, x.p, off); err != nil {
				return false, formats.Errorf(x.t.Origin.File, place(x.t.Name), "%w", err)
			}
		}
		if !slices.Equal(p[:n], q[:n]) {
			return false, nil
		}
	}
	return true, nil
}

// around returns the layers in which a fault is, and the one before each: what
// the comparison of weights has to see of a model to find and explain it.
func around(m *olmo.Model, f faults.Fault) *olmo.Model {
	var prefixes []string
	for _, name := range f.Tensors {
		var l int
		if _, err := fmt.Sscanf(name, "model.layers.%d.", &l); err != nil {
			return m
		}
		for _, l := range []int{l - 1, l} {
			if p := fmt.Sprintf("model.layers.%d.", l); !slices.Contains(prefixes, p) {
				prefixes = append(prefixes, p)
			}
		}
	}
	ts := slices.DeleteFunc(slices.Clone(m.Tensors), func(t formats.Tensor) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(t.Name, p) })
	})
	return &olmo.Model{Config: m.Config, Tensors: ts, Source: m.Source}
}
