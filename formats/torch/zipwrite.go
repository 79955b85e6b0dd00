package torch

import (
	"fmt"
	"hash/crc32"
	"io"

	"olmotool/formats"
)

// zipAlign is the multiple at which the bytes of a record begin, so that they
// can be mapped into memory.
const zipAlign = 64

// zipWriter plans an archive as PyTorchStreamWriter writes it: every record
// stored, its bytes aligned by an extra field in front of them and followed by
// a data descriptor; a serialization id last; ZIP64 end records always.
type zipWriter struct {
	root    string
	members []*zipMember
}

// zipMember is a record of the archive.
type zipMember struct {
	root   string
	name   string // below root
	size   int64
	small  []byte      // the bytes, if they are known
	data   io.ReaderAt // the bytes, if they are not: then size is more than 0
	tensor *formats.Tensor
	sum    zipSum

	header, body, end int64 // where the local header, the bytes and the next record begin
}

// zipSum is the checksum of bytes as they go by.
type zipSum struct {
	crc uint32
	n   int64
}

func (s *zipSum) Write(p []byte) (int, error) {
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
	s.n += int64(len(p))
	return len(p), nil
}

// add appends a record of these bytes.
func (z *zipWriter) add(name string, b []byte) {
	m := &zipMember{root: z.root, name: name, size: int64(len(b))}
	z.members = append(z.members, m)
	m.set(b)
}

func (m *zipMember) set(b []byte) {
	m.small = b
	m.sum = zipSum{crc32.ChecksumIEEE(b), int64(len(b))}
}

func (m *zipMember) contents() ([]byte, error) { return m.small, nil }

// addData appends a record of size bytes of data, which tensor holds too if it
// is not nil.
func (z *zipWriter) addData(name string, data io.ReaderAt, size int64, tensor *formats.Tensor) {
	m := &zipMember{root: z.root, name: name, size: size, tensor: tensor}
	if size > 0 {
		m.data = data
	}
	z.members = append(z.members, m)
}

// plan returns the segments of the archive: one for the bytes of each record of
// data, and between them all that is around records.
func (z *zipWriter) plan() ([]formats.Segment, error) {
	records := len(z.members)
	z.add(".data/serialization_id", make([]byte, serializationIDSize)) // as yet only the size

	var (
		segments []formats.Segment
		parts    []func() ([]byte, error) // not yet in a segment
		from, at int64                    // where they begin; where the next record does
	)
	flush := func(end int64) {
		parts := parts
		segments = append(segments, formats.Segment{Size: end - from, Late: func() ([]byte, error) { return joinParts(parts) }})
	}
	for i, m := range z.members {
		if err := m.place(at); err != nil {
			return nil, fmt.Errorf("record %q: %w", m.name, err)
		}
		at = m.end
		parts = append(parts, m.localHeader)
		if m.data != nil {
			flush(m.body)
			parts, from = nil, m.body+m.size
			segments = append(segments, formats.Segment{Size: m.size, Data: m.data, Sum: &m.sum, Tensor: m.tensor})
		} else {
			if i == records {
				parts = append(parts, z.identify)
			}
			parts = append(parts, m.contents)
		}
		parts = append(parts, m.descriptor)
	}
	end, err := formats.AddChecked(at, z.directorySize())
	if err != nil {
		return nil, err
	}
	parts = append(parts, func() ([]byte, error) { return z.directory(at), nil })
	flush(end)
	return segments, nil
}

// identify gives the last record its contents, when all sums are known. It adds
// no bytes of its own.
func (z *zipWriter) identify() ([]byte, error) {
	last := len(z.members) - 1
	var names []string
	var sums []uint32
	for _, m := range z.members[:last] {
		names = append(names, m.name)
		if m.size > 0 {
			sums = append(sums, m.sum.crc)
		}
	}
	z.members[last].set(serializationID(names, sums))
	return nil, nil
}

func joinParts(parts []func() ([]byte, error)) ([]byte, error) {
	var all []byte
	for _, part := range parts {
		b, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}
