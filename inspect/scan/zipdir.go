package scan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// directory is what an end record says of a directory of an archive.
type directory struct {
	at      int64 // where the directory begins
	base    int64 // what to add to its offsets: bytes in front of the archive
	bytes   int64
	entries int64
	end     int64 // of the archive, with its comment
	comment int64
}

// The records of an archive and their sizes.
const (
	sigLocal   = "PK\x03\x04"
	sigCentral = "PK\x01\x02"
	sigEnd     = "PK\x05\x06"
	sigEnd64   = "PK\x06\x06"
	sigLocate  = "PK\x06\x07"

	lenLocal   = 30
	lenCentral = 46
	lenEnd     = 22
	lenEnd64   = 56
	lenLocate  = 20

	noNumber      = math.MaxUint32
	descriptorMax = 24
)

// findDirectories returns the directories that readers find from the end of a
// content: those of all end records in its last 64 KiB behind which, or in
// front of which, a directory lies.
func findDirectories(s *source) []directory {
	var found []directory
	ends := 0
	for _, from := range []int64{max(s.size-window, 0), max(s.size-window-lenEnd, 0)} {
		tail := bytes.Clone(s.upTo(from, window))
		for i := bytes.LastIndex(tail, []byte(sigEnd)); i >= 0; i = bytes.LastIndex(tail[:i], []byte(sigEnd)) {
			if ends++; i+lenEnd > len(tail) || ends > maxEnds {
				continue
			}
			for _, d := range readEnd(s, from+int64(i), tail[i:i+lenEnd]) {
				if !slices.ContainsFunc(found, func(o directory) bool { return o.at == d.at }) {
					found = append(found, d)
				}
			}
		}
	}
	return found
}

// readEnd reads the end record at an offset, and returns the directories that
// readers take it to speak of: that which ends in front of it, and that at the
// offset that it says. Of nearly all archives they are the same.
func readEnd(s *source, at int64, b []byte) []directory {
	le := binary.LittleEndian
	d := directory{entries: int64(le.Uint16(b[10:])), bytes: int64(le.Uint32(b[12:])), comment: int64(le.Uint16(b[20:]))}
	offset := int64(le.Uint32(b[16:]))
	d.comment = min(d.comment, s.size-at-lenEnd)
	d.end = at + lenEnd + d.comment
	behind := at // where the directory should end
	if loc := s.bytes(at-lenLocate, lenLocate); loc != nil && string(loc[:4]) == sigLocate {
		where := int64(le.Uint64(loc[8:]) & math.MaxInt64)
		for _, where := range []int64{where, at - lenLocate - lenEnd64} {
			rec := s.bytes(where, lenEnd64)
			if rec == nil || string(rec[:4]) != sigEnd64 {
				continue
			}
			d.entries, d.bytes = int64(le.Uint64(rec[32:])&math.MaxInt64), int64(le.Uint64(rec[40:])&math.MaxInt64)
			offset = int64(le.Uint64(rec[48:]) & math.MaxInt64)
			behind = where
			break
		}
	}
	if d.entries == 0 && d.bytes == 0 {
		d.at = at
		return []directory{d} // an empty archive
	}
	var found []directory
	for _, start := range []int64{behind - d.bytes, offset} {
		if b := s.bytes(start, 4); b != nil && string(b) == sigCentral && (len(found) == 0 || found[0].at != start) {
			d.at, d.base = start, start-offset
			found = append(found, d)
		}
	}
	return found
}

// readDirectory reads the entries of a directory.
func (t *target) readDirectory(c content, s *source, d directory) []*member {
	var members []*member
	le := binary.LittleEndian
	pos := d.at
	for {
		b := s.bytes(pos, lenCentral)
		if b == nil || string(b[:4]) != sigCentral {
			break
		}
		if len(members) == maxMembers || pos-d.at > maxDirectory {
			t.malformed("too-much", c.where, pos, "found more than %d members, expected fewer; the rest is not looked at", len(members))
			return members
		}
		m := &member{
			flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]),
			packed: int64(le.Uint32(b[20:])), size: int64(le.Uint32(b[24:])), header: int64(le.Uint32(b[42:])),
		}
		link := b[5] == 3 && le.Uint32(b[38:])>>28 == 0xa
		nameLen, extraLen, commentLen := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
		m.name = string(s.upTo(pos+lenCentral, nameLen))
		extra := bytes.Clone(s.upTo(pos+lenCentral+int64(nameLen), extraLen))
		if err := zip64(extra, &m.size, &m.packed, &m.header); err != nil {
			t.malformed("zip-zip64", c.where, pos, "member %.200q: %v", m.name, err)
		}
		if link {
			t.malformed("zip-link", c.where, pos, "found member %.200q, a symbolic link, expected a file", m.name)
		}
		m.header += d.base
		members = append(members, m)
		pos += lenCentral + int64(nameLen) + int64(extraLen) + int64(commentLen)
	}
	if n := int64(len(members)); n != d.entries || pos-d.at != d.bytes {
		t.malformed("zip-directory", c.where, d.at, "found %d entries of %d bytes in the directory, expected the %d of %d that the end record says", n, pos-d.at, d.entries, d.bytes)
	}
	return members
}

// zip64 takes the numbers that an entry leaves out from its zip64 field.
func zip64(extra []byte, fields ...*int64) error {
	var long []byte
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return fmt.Errorf("found an extra field of %d bytes, expected at most the %d that are left", n, len(extra)-4)
		}
		if id == 1 {
			if long != nil {
				return fmt.Errorf("found two zip64 fields, expected one")
			}
			long = extra[4 : 4+n : 4+n]
		}
		extra = extra[4+n:]
	}
	for _, f := range fields {
		if *f != noNumber {
			continue
		}
		if len(long) < 8 {
			return fmt.Errorf("found no zip64 field for a number that the entry leaves out, expected one")
		}
		n := binary.LittleEndian.Uint64(long)
		if n > math.MaxInt64/2 {
			return fmt.Errorf("found number %d in the zip64 field, expected less than 2^62", n)
		}
		*f, long = int64(n), long[8:]
	}
	return nil
}
