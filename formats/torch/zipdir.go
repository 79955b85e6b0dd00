package torch

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"olmotool/formats"
)

const (
	sigCentral = "PK\x01\x02"
	lenCentral = 46

	extraZip64 = 1
)

// readDirectory parses the central directory.
func (z *zipArchive) readDirectory(d directory) error {
	b := make([]byte, d.size)
	if err := formats.ReadFull(z.r, b, d.at); err != nil {
		return z.errorf("central directory", "%w", err)
	}
	z.members = make([]*zipEntry, 0, d.entries)
	z.byName = make(map[string]*zipEntry, d.entries)
	for i := range d.entries {
		m, n, err := parseCentral(b, d.at)
		if err != nil {
			place := fmt.Sprintf("central directory, entry %d", i)
			if m != nil {
				place = m.place()
			}
			return z.errorf(place, "%w", err)
		}
		if z.byName[m.name] != nil {
			return z.errorf(m.place(), "found the name twice, expected each name once")
		}
		z.members = append(z.members, m)
		z.byName[m.name] = m
		b = b[n:]
	}
	if len(b) > 0 {
		return z.errorf("central directory", "found %d bytes after its %d entries, expected none", len(b), d.entries)
	}
	return nil
}

// parseCentral reads the entry that b begins with and returns its length. Its
// data must lie in front of the directory, which begins at end. When the entry
// is wrong but has a name it is returned too.
func parseCentral(b []byte, end int64) (*zipEntry, int, error) {
	if len(b) < lenCentral {
		return nil, 0, fmt.Errorf("found %d bytes, expected an entry of %d", len(b), lenCentral)
	}
	if string(b[:4]) != sigCentral {
		return nil, 0, fmt.Errorf("found %q, expected %q", b[:4], sigCentral)
	}
	le := binary.LittleEndian
	nameLen, extraLen, commentLen := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	total := lenCentral + nameLen + extraLen + commentLen
	if total > len(b) {
		return nil, 0, fmt.Errorf("found an entry of %d bytes, expected at most the %d that are left", total, len(b))
	}
	if nameLen > maxMemberName {
		return nil, 0, fmt.Errorf("found a name of %d bytes, expected at most %d", nameLen, maxMemberName)
	}
	m := &zipEntry{
		name:   string(b[lenCentral : lenCentral+nameLen]),
		flags:  le.Uint16(b[8:]),
		method: le.Uint16(b[10:]),
		crc:    le.Uint32(b[16:]),
		packed: int64(le.Uint32(b[20:])),
		size:   int64(le.Uint32(b[24:])),
		header: int64(le.Uint32(b[42:])),
	}
	disk := int64(le.Uint16(b[34:]))
	extra := b[lenCentral+nameLen:][:extraLen]
	if err := readZip64(extra, math.MaxUint32, &m.size, &m.packed, &m.header); err != nil {
		return m, 0, err
	}
	if disk != 0 {
		return m, 0, fmt.Errorf("found it on disk %d, expected an archive in one part", disk)
	}
	if made, attr := b[5], le.Uint32(b[38:]); made == 3 && attr>>28 == 0xa {
		return m, 0, fmt.Errorf("found a symbolic link, expected a file")
	}
	return m, total, m.check(end)
}

// check makes sure that the member is stored in a way that is known, and in
// front of the directory.
func (m *zipEntry) check(end int64) error {
	known := uint16(flagDescriptor | flagUTF8)
	switch m.method {
	case stored:
		if m.packed != m.size {
			return fmt.Errorf("found %d bytes stored as %d, expected as many", m.size, m.packed)
		}
	case deflated:
		known |= flagsDeflate
		if m.size > ratioFree && m.size/maxRatio > m.packed {
			return fmt.Errorf("found %d bytes compressed to %d, expected at most %d to 1", m.size, m.packed, maxRatio)
		}
	default:
		return fmt.Errorf("found compression method %d, expected 0 (stored) or 8 (deflated)", m.method)
	}
	if m.flags&1 != 0 {
		return fmt.Errorf("found the flag of an encrypted member, expected it unset")
	}
	if other := m.flags &^ known; other != 0 {
		return fmt.Errorf("found flags 0x%04x, expected none but 0x%04x", m.flags, known)
	}
	if m.header > end-lenLocal || m.packed > end-lenLocal-m.header {
		return fmt.Errorf("found %d bytes at %d, expected them to end before the directory at byte %d", m.packed, m.header, end)
	}
	return nil
}

// readZip64 goes through the extra fields of an entry, and takes the numbers
// from the ZIP64 one for those fields, in this order, that are none.
func readZip64(extra []byte, none int64, fields ...*int64) error {
	var zip64 []byte
	for len(extra) > 0 {
		if len(extra) < 4 {
			return fmt.Errorf("found %d bytes of extra field, expected at least 4", len(extra))
		}
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return fmt.Errorf("found an extra field of %d bytes, expected at most the %d that are left", n, len(extra)-4)
		}
		if id == extraZip64 {
			if zip64 != nil {
				return fmt.Errorf("found two zip64 fields, expected one")
			}
			zip64 = extra[4 : 4+n : 4+n]
		}
		extra = extra[4+n:]
	}
	for _, f := range fields {
		if *f != none {
			continue
		}
		if len(zip64) < 8 {
			return fmt.Errorf("found no zip64 field for a number that the entry leaves out, expected one")
		}
		n := binary.LittleEndian.Uint64(zip64)
		if n > math.MaxInt64 {
			return fmt.Errorf("found number %d in the zip64 field, expected less than 2^63", n)
		}
		*f, zip64 = int64(n), zip64[8:]
	}
	return nil
}

// checkNames makes sure that the names cannot mean anything but files in one
// folder, and that no two could be taken for each other.
func (z *zipArchive) checkNames() error {
	root, _, ok := strings.Cut(z.members[0].name, "/")
	if !ok {
		return z.errorf(z.members[0].place(), "found no folder in the name, expected all members to lie in one")
	}
	z.root = root
	folded := make(map[string]bool, len(z.members))
	for _, m := range z.members {
		if strings.ContainsAny(m.name, "\\\x00") {
			return z.errorf(m.place(), "found a backslash or a zero byte in the name, expected neither")
		}
		first, rest, _ := strings.Cut(m.name, "/")
		for _, part := range strings.Split(strings.TrimSuffix(m.name, "/"), "/") {
			if part == "" || part == "." || part == ".." {
				return z.errorf(m.place(), "found the folder %q in the name, expected a plain path", part)
			}
		}
		if first != root || !strings.Contains(m.name, "/") {
			return z.errorf(m.place(), "found it outside of the folder %q, expected all members to lie in one", root)
		}
		if strings.HasSuffix(m.name, "/") && m.size != 0 {
			return z.errorf(m.place(), "found a folder of %d bytes, expected none", m.size)
		}
		lower := strings.ToLower(rest)
		if folded[lower] {
			return z.errorf(m.place(), "found a name that differs from another in case only, expected names that do not")
		}
		folded[lower] = true
	}
	return nil
}
