package torch

import (
	"hash/crc32"
	"io"
)

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
// the stream of torch before 1.6.
func (f *File) CheckCRC() error {
	if f.zip == nil {
		return nil
	}
	buf := make([]byte, 256<<10)
	for _, m := range f.zip.members {
		if m.crc == 0 {
			continue
		}
		if err := f.zip.checkCRC(m, buf); err != nil {
			return err
		}
	}
	return nil
}

func (z *zipArchive) checkCRC(m *zipEntry, buf []byte) error {
	h := crc32.NewIEEE()
	var err error
	if m.method == stored {
		// Without ReaderFrom and WriterTo, so that the buffer is used.
		_, err = io.CopyBuffer(h, struct{ io.Reader }{io.NewSectionReader(z.r, m.data, m.packed)}, buf)
	} else {
		err = z.inflate(m, h)
	}
	if err != nil {
		return z.errorf(m.place(), "%w", err)
	}
	if sum := h.Sum32(); sum != m.crc {
		return z.errorf(m.place(), "found content of checksum %08x, expected %08x (the file is damaged)", sum, m.crc)
	}
	return nil
}
