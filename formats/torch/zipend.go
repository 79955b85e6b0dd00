package torch

import (
	"encoding/binary"
	"math"

	"olmotool/formats"
)

// directory is what the records at the end of an archive say of its central
// directory.
type directory struct {
	entries int64
	size    int64
	at      int64
}

// The records at the end and their fixed sizes.
const (
	sigEnd       = "PK\x05\x06"
	sigEnd64     = "PK\x06\x06"
	sigLocator64 = "PK\x06\x07"
	lenEnd       = 22
	lenEnd64     = 56
	lenLocator64 = 20
)

// findDirectory reads the end record and, if there is one, the ZIP64 record and
// its locator in front of it. The directory must end where they begin.
func (z *zipArchive) findDirectory() (directory, error) {
	var d directory
	tail := make([]byte, min(z.size, lenEnd+math.MaxUint16))
	base := z.size - int64(len(tail))
	if err := formats.ReadFull(z.r, tail, base); err != nil {
		return d, z.errorf("end record", "%w", err)
	}
	i, err := z.findEnd(tail)
	if err != nil {
		return d, err
	}
	le := binary.LittleEndian
	end := tail[i:]
	at := base + int64(i)
	if disks := le.Uint32(end[4:]); disks != 0 {
		return d, z.errorf("end record", "found disks %d and %d, expected an archive in one part", uint16(disks), disks>>16)
	}
	if here, all := le.Uint16(end[8:]), le.Uint16(end[10:]); here != all {
		return d, z.errorf("end record", "found %d entries of %d, expected all of them", here, all)
	}
	d.entries, d.size, d.at = int64(le.Uint16(end[10:])), int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if len(end) > lenEnd {
		z.note(formats.Info, "zip-comment", "end record", "found a comment of %d bytes, which torch does not write", len(end)-lenEnd)
	}
	if at, err = z.readEnd64(&d, at); err != nil {
		return d, err
	}
	switch {
	case d.at > at || d.size > at-d.at:
		return d, z.errorf("end record", "found a directory of %d bytes at %d, expected one that ends by byte %d", d.size, d.at, at)
	case d.size < at-d.at:
		return d, z.errorf("end record", "found %d bytes between the directory and the records at byte %d, expected none", at-d.at-d.size, at)
	case d.entries > maxMembers:
		return d, z.errorf("end record", "found %d entries, expected at most %d", d.entries, maxMembers)
	case d.size > maxDirectory:
		return d, z.errorf("end record", "found a directory of %d bytes, expected at most %d", d.size, maxDirectory)
	case d.entries > d.size/lenCentral:
		return d, z.errorf("end record", "found %d entries in a directory of %d bytes, expected %d bytes for each", d.entries, d.size, lenCentral)
	case d.entries == 0:
		return d, z.errorf("end record", "found no entries, expected an archive written by torch.save")
	}
	return d, nil
}

// findEnd returns where in the tail of the archive the one end record begins:
// that whose comment ends with the file.
func (z *zipArchive) findEnd(tail []byte) (int, error) {
	found, other := -1, -1
	for i := len(tail) - lenEnd; i >= 0; i-- {
		if string(tail[i:i+4]) != sigEnd {
			continue
		}
		comment := int(binary.LittleEndian.Uint16(tail[i+20:]))
		switch left := len(tail) - i - lenEnd - comment; {
		case left == 0 && found >= 0:
			return 0, z.errorf("end record", "found two that fit the end of the file, expected one")
		case left == 0:
			found = i
		case left > 0 && other < 0:
			other = left
		}
	}
	if found >= 0 {
		return found, nil
	}
	if other > 0 {
		return 0, z.errorf("end record", "found %d bytes after it, expected the end of the file", other)
	}
	return 0, z.errorf("end record", "found none in the last %d bytes, expected one (was the file cut short?)", len(tail))
}

// readEnd64 takes the numbers of the ZIP64 record, if the archive has one, and
// returns where the records begin. torch always writes one.
func (z *zipArchive) readEnd64(d *directory, end int64) (int64, error) {
	const place = "zip64 end record"
	le := binary.LittleEndian
	loc := make([]byte, lenLocator64)
	at := end - lenLocator64
	if at >= 0 {
		if err := formats.ReadFull(z.r, loc, at); err != nil {
			return 0, z.errorf(place, "%w", err)
		}
	}
	if string(loc[:4]) != sigLocator64 {
		if d.entries == math.MaxUint16 || d.size == math.MaxUint32 || d.at == math.MaxUint32 {
			return 0, z.errorf(place, "found none, expected one for the numbers that the end record leaves out")
		}
		return end, nil
	}
	if first, disks := le.Uint32(loc[4:]), le.Uint32(loc[16:]); first != 0 || disks > 1 {
		return 0, z.errorf(place, "found disk %d of %d, expected an archive in one part", first, disks)
	}
	where := le.Uint64(loc[8:])
	if at < lenEnd64 || where > uint64(at-lenEnd64) {
		return 0, z.errorf(place, "found its offset %d, expected it in front of byte %d", where, at)
	}
	rec := make([]byte, lenEnd64)
	if err := formats.ReadFull(z.r, rec, int64(where)); err != nil {
		return 0, z.errorf(place, "%w", err)
	}
	if string(rec[:4]) != sigEnd64 {
		return 0, z.errorf(place, "found %q at byte %d, expected %q", rec[:4], where, sigEnd64)
	}
	// The record may be longer, for the use of whoever writes it.
	if n := le.Uint64(rec[4:]); n != uint64(at)-where-12 {
		return 0, z.errorf(place, "found a length of %d, expected %d", n, uint64(at)-where-12)
	}
	if n := uint64(at) - where - lenEnd64; n > 0 {
		z.note(formats.Warning, "hidden-bytes", place, "found %d bytes more in it than its numbers take, which nothing reads", n)
	}
	if here, dir := le.Uint32(rec[16:]), le.Uint32(rec[20:]); here != 0 || dir != 0 {
		return 0, z.errorf(place, "found disks %d and %d, expected an archive in one part", here, dir)
	}
	if le.Uint64(rec[24:]) != le.Uint64(rec[32:]) {
		return 0, z.errorf(place, "found %d entries of %d, expected all of them", le.Uint64(rec[24:]), le.Uint64(rec[32:]))
	}
	for _, f := range []struct {
		name  string
		short *int64
		none  int64
		long  uint64
	}{
		{"entries", &d.entries, math.MaxUint16, le.Uint64(rec[32:])},
		{"bytes of directory", &d.size, math.MaxUint32, le.Uint64(rec[40:])},
		{"as the directory's offset", &d.at, math.MaxUint32, le.Uint64(rec[48:])},
	} {
		if f.long > math.MaxInt64 || *f.short != f.none && uint64(*f.short) != f.long {
			return 0, z.errorf(place, "found %d %s, expected %d as in the end record", f.long, f.name, *f.short)
		}
		*f.short = int64(f.long)
	}
	return int64(where), nil
}

func (z *zipArchive) note(s formats.Severity, code, where, format string, args ...any) {
	z.findings = append(z.findings, finding(s, code, where, format, args...))
}
