package torch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"olmotool/formats"
)

const (
	sigLocal      = "PK\x03\x04"
	sigDescriptor = "PK\x07\x08"
	lenLocal      = 30
)

// checkLocal reads the local header of every member, finds its data, and makes
// sure that header and directory say the same and that members follow each
// other from the start of the file to the directory, which begins at end.
func (z *zipArchive) checkLocal(end int64) error {
	order := slices.Clone(z.members)
	slices.SortStableFunc(order, func(a, b *zipEntry) int { return cmp.Compare(a.header, b.header) })
	if first := order[0]; first.header != 0 {
		return z.errorf(first.place(), "found %d bytes in front of the first member, expected none", first.header)
	}
	hidden := 0 // members with bytes behind them
	for i, m := range order {
		next := end
		if i+1 < len(order) {
			next = order[i+1].header
		}
		if err := z.readLocal(m); err != nil {
			return z.errorf(m.place(), "%w", err)
		}
		if m.packed > next-m.data {
			return z.errorf(m.place(), "found %d bytes at %d, expected them to end before byte %d, where the next member or the directory begins", m.packed, m.data, next)
		}
		gap, err := z.checkGap(m, next)
		if err != nil {
			return z.errorf(m.place(), "%w", err)
		}
		if gap > 0 {
			if hidden++; hidden <= maxListed {
				z.note(formats.Warning, "hidden-bytes", m.place(), "found %d bytes between it and what follows, which belong to no member", gap)
			}
		}
	}
	if hidden > maxListed {
		z.note(formats.Warning, "hidden-bytes", "", "found bytes behind %d more members, which belong to none", hidden-maxListed)
	}
	return nil
}

// readLocal reads the local header of a member and sets where its data begins:
// the length of the extra field is not that of the directory.
func (z *zipArchive) readLocal(m *zipEntry) error {
	b := make([]byte, lenLocal+len(m.name))
	if n := z.size - m.header; int64(len(b)) > n {
		return fmt.Errorf("found %d bytes from its header at %d to the end, expected %d", n, m.header, len(b))
	}
	if err := formats.ReadFull(z.r, b, m.header); err != nil {
		return err
	}
	le := binary.LittleEndian
	if string(b[:4]) != sigLocal {
		return fmt.Errorf("found %q at byte %d, expected the local header %q", b[:4], m.header, sigLocal)
	}
	nameLen, extraLen := int(le.Uint16(b[26:])), int64(le.Uint16(b[28:]))
	if nameLen != len(m.name) {
		return fmt.Errorf("found a name of %d bytes in its local header, expected the same name", nameLen)
	}
	if name := b[lenLocal:]; string(name) != m.name {
		return fmt.Errorf("found name %q in its local header, expected the same name", name)
	}
	if flags := le.Uint16(b[6:]); flags != m.flags {
		return fmt.Errorf("found flags 0x%04x in its local header and 0x%04x in the directory, expected the same", flags, m.flags)
	}
	if method := le.Uint16(b[8:]); method != m.method {
		return fmt.Errorf("found method %d in its local header and %d in the directory, expected the same", method, m.method)
	}
	m.data = m.header + int64(len(b)) + extraLen
	if m.data > z.size {
		return fmt.Errorf("found its data at byte %d, expected it in the %d of the file", m.data, z.size)
	}
	extra := make([]byte, extraLen)
	if err := formats.ReadFull(z.r, extra, m.data-extraLen); err != nil {
		return err
	}
	packed, size := int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	if err := readZip64(extra, math.MaxUint32, &size, &packed); err != nil {
		return fmt.Errorf("local header: %w", err)
	}
	// A writer that did not know them leaves 0 and a descriptor behind the data.
	later := m.flags&flagDescriptor != 0
	if packed != m.packed && !(later && packed == 0) || size != m.size && !(later && size == 0) {
		return fmt.Errorf("found %d bytes stored as %d in its local header and %d as %d in the directory, expected the same", size, packed, m.size, m.packed)
	}
	if crc := le.Uint32(b[14:]); crc != m.crc && !(later && crc == 0) {
		return fmt.Errorf("found checksum %08x in its local header and %08x in the directory, expected the same", crc, m.crc)
	}
	return nil
}

// checkGap looks at what lies between the data of a member and the next header:
// nothing, or the descriptor that its flag announces. It returns how many bytes
// there are beside that.
func (z *zipArchive) checkGap(m *zipEntry, next int64) (int64, error) {
	at := m.data + m.packed
	gap := next - at
	if m.flags&flagDescriptor == 0 {
		return gap, nil
	}
	if gap == 0 {
		return 0, fmt.Errorf("found no descriptor behind the data, expected one as its flag says")
	}
	b := make([]byte, min(gap, 24))
	if err := formats.ReadFull(z.r, b, at); err != nil {
		return 0, err
	}
	for _, want := range m.descriptors() {
		if bytes.HasPrefix(b, want) {
			return gap - int64(len(want)), nil
		}
	}
	return 0, fmt.Errorf("found a descriptor of %d bytes that says other than the directory, expected checksum %08x, sizes %d and %d", len(b), m.crc, m.packed, m.size)
}

// descriptors returns the forms that the descriptor of the member may have: its
// sizes have 32 or 64 bits, a signature stands in front or not. Where one form
// begins as another does, the longer comes first.
func (m *zipEntry) descriptors() [][]byte {
	le := binary.LittleEndian
	crc := le.AppendUint32(nil, m.crc)
	long := le.AppendUint64(le.AppendUint64(slices.Clone(crc), uint64(m.packed)), uint64(m.size))
	all := [][]byte{append([]byte(sigDescriptor), long...), long}
	if m.packed <= math.MaxUint32 && m.size <= math.MaxUint32 {
		short := le.AppendUint32(le.AppendUint32(slices.Clone(crc), uint32(m.packed)), uint32(m.size))
		all = append(all, append([]byte(sigDescriptor), short...), short)
	}
	return all
}
