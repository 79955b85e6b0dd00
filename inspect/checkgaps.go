package inspect

import (
	"cmp"
	"context"
	"slices"

	"olmotool/formats"
)

// planGaps looks for bytes between the tensors of a GGUF, and behind the last,
// that are not the zeros of padding.
func (k *checker) planGaps() {
	for _, f := range k.src.Files {
		if kind, err := kindOfContainer(f.Path); err != nil || kind != "gguf" {
			continue
		}
		var ts []formats.Tensor
		for _, t := range k.src.Tensors {
			if t.Origin.File == f.Path && t.Origin.Offset >= 0 {
				ts = append(ts, t)
			}
		}
		slices.SortFunc(ts, func(a, b formats.Tensor) int { return cmp.Compare(a.Origin.Offset, b.Origin.Offset) })
		n := len(k.tensors) + len(k.tasks)
		k.add(0, func(_ context.Context, buf []byte) error { return k.checkGaps(buf, n, f, ts) })
	}
}

func (k *checker) checkGaps(buf []byte, n int, f formats.File, ts []formats.Tensor) error {
	r, size, err := formats.OpenRegular(f.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	for i, t := range ts {
		next := size
		if i+1 < len(ts) {
			next = ts[i+1].Origin.Offset
		}
		lo := t.Origin.Offset + t.Bytes()
		b := buf[:max(min(next-lo, int64(len(buf))), 0)]
		if err := formats.ReadFull(r, b, lo); err != nil {
			return err
		}
		if j := slices.IndexFunc(b, func(x byte) bool { return x != 0 }); j >= 0 {
			k.note(n, found(formats.Warning, "padding-not-zero", f.Path, "found byte %#02x at %d, behind tensor %.120q, expected zeros of padding", b[j], lo+int64(j), t.Origin.Name))
		}
	}
	return nil
}
