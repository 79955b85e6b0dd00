package torch

import (
	"encoding/binary"
	"fmt"
	"math"

	"olmotool/formats"
)

// Fixed sizes of the parts of an archive, without names and extra fields
// (APPNOTE.TXT 4.3).
const (
	zipLocalSize     = 30
	zipCentralSize   = 46
	zipEnd64Size     = 56
	zipLocator64Size = 20
	zipEndSize       = 22
)

// zipMax is what a 32-bit field says when the number is in a ZIP64 field.
const zipMax = math.MaxUint32

// big reports whether the record needs 64-bit fields.
func (m *zipMember) big() bool { return m.size >= zipMax || m.header >= zipMax }

// place lays the record out from byte at of the archive.
func (m *zipMember) place(at int64) error {
	m.header = at
	n := int64(zipLocalSize + len(m.root) + 1 + len(m.name) + len(m.zip64(0)) + 4)
	var err error
	if m.body, err = formats.AddChecked(at, n+zipAlign-1); err != nil {
		return err
	}
	m.body -= m.body % zipAlign
	descriptor := int64(16)
	switch {
	case m.size == 0:
		descriptor = 0
	case m.big():
		descriptor = 24
	}
	if m.end, err = formats.AddChecked(m.body, m.size); err != nil {
		return err
	}
	m.end, err = formats.AddChecked(m.end, descriptor)
	return err
}

// zip64 returns the ZIP64 extra field, or nothing if there is no need of one.
// stored is what it says of the bytes in the archive: the local header has 0
// there. It has the offset too, where it has no place.
func (m *zipMember) zip64(stored int64) []byte {
	if !m.big() {
		return nil
	}
	var b []byte
	if m.size >= zipMax {
		b = binary.LittleEndian.AppendUint64(b, uint64(m.size))
		b = binary.LittleEndian.AppendUint64(b, uint64(stored))
	}
	if m.header >= zipMax {
		b = binary.LittleEndian.AppendUint64(b, uint64(m.header))
	}
	head := binary.LittleEndian.AppendUint16([]byte{1, 0}, uint16(len(b)))
	return append(head, b...)
}

// flags says that the name is UTF-8 and, unless there is nothing to describe,
// that sizes and sum stand in a data descriptor.
func (m *zipMember) flags() uint16 {
	if m.size == 0 {
		return 0x0800
	}
	return 0x0808
}

// localHeader returns the header in front of the bytes: no sizes, no sum, and
// an extra field "FB" that is as long as the alignment wants it.
func (m *zipMember) localHeader() ([]byte, error) {
	le := binary.LittleEndian
	extra := m.zip64(0)
	pad := m.body - m.header - int64(zipLocalSize+len(m.root)+1+len(m.name)+len(extra)+4)
	extra = append(extra, 'F', 'B')
	extra = le.AppendUint16(extra, uint16(pad))
	for range pad {
		extra = append(extra, 'Z')
	}
	b := []byte("PK\x03\x04\x00\x00")
	b = le.AppendUint16(b, m.flags())
	b = append(b, make([]byte, 18)...) // method, time, date, sum, sizes
	b = le.AppendUint16(b, uint16(len(m.root)+1+len(m.name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, m.root+"/"+m.name...)
	return append(b, extra...), nil
}

// descriptor returns what follows the bytes.
func (m *zipMember) descriptor() ([]byte, error) {
	if m.sum.n != m.size {
		return nil, fmt.Errorf("record %q: found the checksum of %d bytes, expected that of %d", m.name, m.sum.n, m.size)
	}
	if m.size == 0 {
		return nil, nil
	}
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("PK\x07\x08"), m.sum.crc)
	for range 2 { // stored, and restored
		if m.big() {
			b = le.AppendUint64(b, uint64(m.size))
		} else {
			b = le.AppendUint32(b, uint32(m.size))
		}
	}
	return b, nil
}

// centralHeader returns the record's entry in the directory.
func (m *zipMember) centralHeader() []byte {
	le := binary.LittleEndian
	extra := m.zip64(m.size)
	size := uint32(min(m.size, zipMax))
	b := []byte("PK\x01\x02\x00\x00\x00\x00")
	b = le.AppendUint16(b, m.flags())
	b = append(b, make([]byte, 6)...) // method, time, date
	b = le.AppendUint32(b, m.sum.crc)
	b = le.AppendUint32(b, size)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(m.root)+1+len(m.name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, make([]byte, 10)...) // comment, disk, attributes
	b = le.AppendUint32(b, uint32(min(m.header, zipMax)))
	b = append(b, m.root+"/"+m.name...)
	return append(b, extra...)
}

// directorySize returns the size of what directory returns.
func (z *zipWriter) directorySize() int64 {
	n := int64(zipEnd64Size + zipLocator64Size + zipEndSize)
	for _, m := range z.members {
		n += int64(zipCentralSize + len(m.root) + 1 + len(m.name) + len(m.zip64(m.size)))
	}
	return n
}

// directory returns the central directory, which begins at byte start, and the
// end records: those of ZIP64 in every archive, small as it may be.
func (z *zipWriter) directory(start int64) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, z.directorySize())
	for _, m := range z.members {
		b = append(b, m.centralHeader()...)
	}
	size, count := uint64(len(b)), uint64(len(z.members))

	b = append(b, "PK\x06\x06"...)
	b = le.AppendUint64(b, zipEnd64Size-12) // what follows this field
	b = le.AppendUint16(b, 0x031e)          // made by version 3.0, Unix
	b = le.AppendUint16(b, 45)              // needs version 4.5
	b = append(b, make([]byte, 8)...)       // disks
	b = le.AppendUint64(b, count)
	b = le.AppendUint64(b, count)
	b = le.AppendUint64(b, size)
	b = le.AppendUint64(b, uint64(start))

	b = append(b, "PK\x06\x07\x00\x00\x00\x00"...)
	b = le.AppendUint64(b, uint64(start)+size)
	b = le.AppendUint32(b, 1) // disks

	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = le.AppendUint16(b, uint16(min(count, math.MaxUint16)))
	b = le.AppendUint16(b, uint16(min(count, math.MaxUint16)))
	b = le.AppendUint32(b, uint32(min(size, zipMax)))
	b = le.AppendUint32(b, uint32(min(uint64(start), zipMax)))
	return append(b, 0, 0) // no comment
}
