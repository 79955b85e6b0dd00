package weights

import (
	"context"
	"fmt"
	"hash/maphash"

	"olmotool/formats"
	"olmotool/verify/internal/view"
)

// columnRows is how many rows columns are told apart by before all are looked at.
const columnRows = 16

// columnOrder tries columns in another order; those of o_proj are heads.
func (x *patient) columnOrder(ctx context.Context) (finding, error) {
	if len(x.got.Shape) != 2 || x.got.DType.BlockElems() != 1 || x.part || x.got.RowBytes() > maxRowBytes || x.got.Shape[0] == 0 || x.got.Shape[1] < 2 {
		return finding{}, nil
	}
	a := axis{what: "column"}
	var err error
	if a.ref, err = columnHashes(x.want); err != nil {
		return finding{}, err
	}
	if a.got, err = columnHashes(x.got); err != nil {
		return finding{}, err
	}
	if _, module := split(x.name); module == "self_attn.o_proj" && x.comparison.ref.Config != nil {
		a.heads = x.comparison.ref.Config.NumAttentionHeads
	}
	w := int(x.got.DType.BlockBytes())
	a.view = func(source func(int64) int64) (formats.Tensor, error) {
		return view.Columns(x.want, func(dst, src []byte) {
			for i := range len(dst) / w {
				from := int(source(int64(i)))
				copy(dst[i*w:(i+1)*w], src[from*w:])
			}
		}), nil
	}
	return x.reordered(ctx, a)
}

// columnHashes returns the hash of the first elements of each column.
func columnHashes(t formats.Tensor) ([]uint64, error) {
	n := min(columnRows, t.Shape[0])
	b := make([]byte, n*t.RowBytes())
	if err := formats.ReadFull(t.Data, b, 0); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	w, row := t.DType.BlockBytes(), t.RowBytes()
	hashes := make([]uint64, t.Shape[1])
	for c := range t.Shape[1] {
		var h maphash.Hash
		h.SetSeed(hashSeed)
		for r := range n {
			h.Write(b[r*row+c*w:][:w])
		}
		hashes[c] = h.Sum64()
	}
	return hashes, nil
}
