package torch

import (
	"context"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"olmotool/formats"
)

// BadCRC is the code of a finding of severity "error": a member that [OpenFile]
// has read, data.pkl foremost, has other contents than its checksum was made of.
const BadCRC = "bad-crc"

// TensorCRC returns the CRC-32 (IEEE) of all bytes of tensor i of the
// checkpoint, if the file has one: the tensor is a whole record of a zip
// archive and its writer computed the checksum. torch itself never checks it.
func (f *File) TensorCRC(i int) (sum uint32, ok bool) {
	v := f.views[i]
	s := v.storage
	whole := v.offset == 0 && v.contiguous() && v.bytes() == s.bytes && !(s.swap && swapUnit(v.dtype) > 1)
	if s.zip == nil || s.zip.crc == 0 || !whole {
		return 0, false
	}
	return s.zip.crc, true
}

// CheckCRC reads every record of a zip archive that has a checksum, one after
// the other, and compares. Records with a checksum of 0 have none; neither has
// the stream of torch before 1.6. When ctx is cancelled it returns its error.
func (f *File) CheckCRC(ctx context.Context) error {
	if f.zip == nil {
		return nil
	}
	for _, m := range f.zip.members {
		if m.crc == 0 {
			continue
		}
		switch sum, err := f.zip.sum(ctx, m); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return f.zip.errorf(m.place(), "%w", err)
		case sum != m.crc:
			return f.zip.errorf(m.place(), badCRC, sum, m.crc)
		}
	}
	return nil
}

const badCRC = "found content of checksum %08x, expected %08x (the file is damaged)"

// noteCRC reports a member whose content has another checksum than it was
// stored with.
func (z *zipArchive) noteCRC(m *zipEntry, sum uint32) {
	if m.crc != 0 && sum != m.crc {
		z.note(formats.Serious, BadCRC, m.place(), badCRC, sum, m.crc)
	}
}

// damaged adds to an error that a checksum was wrong before, if one was: the
// likely reason.
func (z *zipArchive) damaged(err error) error {
	bad := slices.ContainsFunc(z.findings, func(f formats.Finding) bool { return f.Code == BadCRC })
	if fe := (*formats.Error)(nil); bad && errors.As(err, &fe) {
		fe.Msg += " (the checksum is wrong, too: the file is damaged)"
	}
	return err
}

// sum computes the checksum of the content of a member.
func (z *zipArchive) sum(ctx context.Context, m *zipEntry) (uint32, error) {
	h := summer{ctx, crc32.NewIEEE()}
	if m.method != stored {
		err := z.inflate(m, h)
		return h.Sum32(), err
	}
	// Without WriterTo, so that the buffer is used.
	r := struct{ io.Reader }{io.NewSectionReader(z.r, m.data, m.packed)}
	n, err := io.CopyBuffer(h, r, make([]byte, min(max(m.packed, 1), 256<<10)))
	if err == nil && n < m.packed {
		err = io.ErrUnexpectedEOF
	}
	return h.Sum32(), err
}

// summer is a checksum that stops when its context is cancelled.
type summer struct {
	ctx context.Context
	hash.Hash32
}

func (s summer) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Hash32.Write(p)
}
