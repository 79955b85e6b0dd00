package faults

import (
	"encoding/binary"
	"fmt"

	"olmotool/formats"
	"olmotool/verify/internal/view"
)

func transpose(t formats.Tensor) (formats.Tensor, error) {
	p, err := plain(t)
	if err != nil {
		return p, err
	}
	return view.Transpose(p)
}

// norms are faults of norm weights.
func (l *lister) norms() {
	if !l.has(ffNorm) {
		return
	}
	t := l.names(ffNorm)
	l.add(Fault{
		Name: "rolled-norm", Doc: "the weights of a norm are moved on by one", Site: "post_feedforward_layernorm", Diagnosis: "rolled by 1",
		Layer: l.layer, Tensors: t, Weights: true,
		apply: func(m *model) error {
			return m.change(t, func(t formats.Tensor) (formats.Tensor, error) { return view.Roll(t, 1) })
		},
	})
}

// values are faults of few values in a matrix.
func (l *lister) values() {
	t := l.names(downProj)
	row := l.c.HiddenSize / 2
	l.add(Fault{
		Name: "scaled-row", Doc: "one row of down_proj is multiplied by 1.01", Site: "down_proj", Diagnosis: "scaled by 1.01",
		Layer: l.layer, Tensors: t, Weights: true,
		apply: func(m *model) error {
			return m.change(t, func(t formats.Tensor) (formats.Tensor, error) {
				t, err := plain(t)
				if err != nil {
					return t, err
				}
				r, err := formats.Rows(t, row, row+1)
				if err != nil {
					return t, err
				}
				if r, err = view.Scale(r, 1.01); err != nil {
					return t, err
				}
				return view.Replace(t, row, r)
			})
		},
	})
	up := l.names(upProj)
	at := l.c.IntermediateSize/2*l.c.HiddenSize + l.c.HiddenSize/2
	l.add(Fault{
		Name: "flipped-bit", Doc: "one bit of one exponent in up_proj is flipped", Site: "up_proj", Diagnosis: "of the exponent flipped",
		Layer: l.layer, Tensors: up, Weights: true,
		apply: func(m *model) error {
			return m.change(up, func(t formats.Tensor) (formats.Tensor, error) { return flip(t, at) })
		},
	})
}

// exponents says where the exponent of a type lies: its lowest bit, and how many
// bits it has.
var exponents = map[formats.DType]struct{ low, n int }{
	formats.F64: {52, 11}, formats.F32: {23, 8}, formats.BF16: {7, 8}, formats.F16: {10, 5},
}

// flip returns t with a bit of the exponent of an element flipped, the first from
// element i on that is not zero: the lowest bit that is not set, which multiplies
// by a power of two; should that make an infinity, the lowest that is.
func flip(t formats.Tensor, i int64) (formats.Tensor, error) {
	t, err := plain(t)
	if err != nil {
		return t, err
	}
	w := t.DType.BlockBytes()
	b := make([]byte, min(64, t.Elements()-i)*w)
	if err := formats.ReadFull(t.Data, b, i*w); err != nil {
		return t, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	k := int64(0)
	for ; k < int64(len(b))-w && bits(b[k:k+w])&^(1<<(8*w-1)) == 0; k += w {
	}
	x := bits(b[k : k+w])
	e := exponents[t.DType]
	infinite := uint64(1)<<e.n - 1
	exp := x >> e.low & infinite
	bit := ^exp & -^exp // the lowest that is not set
	if (exp|bit)&infinite == infinite {
		bit = exp & -exp // the lowest that is
	}
	x ^= bit << e.low
	return view.Patch(t, i*w+k, binary.LittleEndian.AppendUint64(nil, x)[:w]), nil
}

// bits are those of an element, in b.
func bits(b []byte) uint64 {
	var all [8]byte
	copy(all[:], b)
	return binary.LittleEndian.Uint64(all[:])
}
