package inspect

import (
	"context"
	"hash/crc32"

	"olmotool/formats"
)

// checkRange reads bytes [lo, hi) of tensor i and counts what is not finite. each,
// if set, sees the bytes.
func (k *checker) checkRange(ctx context.Context, buf []byte, i int, t formats.Tensor, lo, hi int64, each func([]byte)) error {
	look := lookerOf(t.DType)
	step := int64(len(buf)) - int64(len(buf))%t.DType.BlockBytes()
	var s tensorState
	s.unchecked = look == nil && t.DType != formats.Bool && !integer(t.DType)
	for ; lo < hi; lo += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(step, hi-lo)]
		if err := formats.ReadFull(t.Data, b, lo); err != nil {
			return formats.Errorf(t.Origin.File, "tensor "+listed([]string{t.Origin.Name}), "%w", err)
		}
		if each != nil {
			each(b)
		}
		if look != nil {
			c := look(b)
			c.first += lo / t.DType.BlockBytes() * t.DType.BlockElems()
			s.merge(c)
		} else if t.DType == formats.Bool {
			for _, v := range b {
				if v > 1 {
					s.bools++
				}
			}
		}
		if k.o.Progress != nil {
			k.o.Progress(int64(len(b)))
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state[i].merge(s.counts)
	k.state[i].bools += s.bools
	k.state[i].unchecked = k.state[i].unchecked || s.unchecked
	return nil
}

// checkSummed is checkRange of a whole tensor that has a CRC-32.
func (k *checker) checkSummed(ctx context.Context, buf []byte, i int, t formats.Tensor, want uint32) error {
	var sum uint32
	err := k.checkRange(ctx, buf, i, t, 0, t.Bytes(), func(b []byte) { sum = crc32.Update(sum, crc32.IEEETable, b) })
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.out.Checksums++
	k.mu.Unlock()
	if sum != want {
		k.note(i, found(formats.Serious, "bad-crc", "tensor "+listed([]string{t.Origin.Name}),
			"found content of CRC-32 %08x, expected %08x (the file is damaged)", sum, want))
	}
	return nil
}

// integer reports whether all values of a type are finite.
func integer(d formats.DType) bool {
	switch d {
	case formats.U8, formats.I8, formats.U16, formats.I16, formats.U32, formats.I32, formats.U64, formats.I64,
		formats.F4, formats.F6E2M3, formats.F6E3M2: // the small floats have neither NaN nor infinity
		return true
	}
	return false
}
