package main

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
)

// member is one member of a zip archive, stored as it is.
type member struct {
	name, data string
	method     uint16
	size       uint32       // as declared; 0: that of data
	local      func([]byte) // changes the local header
	central    func([]byte) // changes the entry of the directory
}

// Fields of an entry of the central directory; in the local header they lie 2
// bytes earlier.
const (
	zipFlags, zipMethod, zipCRC, zipPacked, zipSize = 8, 10, 16, 20, 24
	zipDisk, zipOffset                              = 34, 42
)

// put16 and put32 change a field.
func put16(at int, v uint16) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint16(b[at:], v) }
}

func put32(at int, v uint32) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }
}

// zipFile is an archive as an ordinary zip program writes it, with the end
// record changed by end.
func zipFile(end func([]byte), ms ...member) string {
	le := binary.LittleEndian
	fixed := func(m member) []byte { // from flags to extra length
		b := le.AppendUint16(nil, 0)
		b = le.AppendUint16(b, m.method)
		b = le.AppendUint32(b, 0) // time and date
		b = le.AppendUint32(b, crc32.ChecksumIEEE([]byte(m.data)))
		b = le.AppendUint32(b, uint32(len(m.data)))
		size := m.size
		if size == 0 {
			size = uint32(len(m.data))
		}
		b = le.AppendUint32(b, size)
		b = le.AppendUint16(b, uint16(len(m.name)))
		return le.AppendUint16(b, 0)
	}
	change := func(f func([]byte), b []byte) []byte {
		if f != nil {
			f(b)
		}
		return b
	}
	var body, dir []byte
	for _, m := range ms {
		at := len(body)
		local := append([]byte("PK\x03\x04\x14\x00"), fixed(m)...)
		body = append(append(append(body, change(m.local, local)...), m.name...), m.data...)
		entry := append([]byte("PK\x01\x02\x14\x00\x14\x00"), fixed(m)...)
		entry = append(entry, make([]byte, 10)...) // comment length, disk, attributes
		entry = le.AppendUint32(entry, uint32(at))
		dir = append(append(dir, change(m.central, entry)...), m.name...)
	}
	tail := append([]byte("PK\x05\x06"), make([]byte, 4)...)
	tail = le.AppendUint16(tail, uint16(len(ms)))
	tail = le.AppendUint16(tail, uint16(len(ms)))
	tail = le.AppendUint32(tail, uint32(len(dir)))
	tail = le.AppendUint32(tail, uint32(len(body)))
	tail = append(tail, 0, 0)
	return string(body) + string(dir) + string(change(end, tail))
}

// floats is the content of a storage of four float32.
const floats = "0123456789abcdef"

// archive is a file of torch.save with one tensor, and change made to it.
func archive(change func(ms []member) []member) string {
	return zipFile(nil, change([]member{
		{name: "m/data.pkl", data: stateDict(tensor{}.pickle())},
		{name: "m/data/0", data: floats},
		{name: "m/version", data: "3\n"},
	})...)
}

// storage is an archive whose storage is changed.
func storage(change func(m *member)) string {
	return archive(func(ms []member) []member {
		change(&ms[1])
		return ms
	})
}

// with is an archive with one member more.
func with(m member) string {
	return archive(func(ms []member) []member { return append(ms, m) })
}

// without is an archive that lacks a member.
func without(name string) string {
	return archive(func(ms []member) []member {
		return slices.DeleteFunc(ms, func(m member) bool { return m.name == name })
	})
}

// zipCases are archives that torch reads without a word, or other programs
// differently.
func zipCases() []malformed {
	good := storage(func(*member) {})
	of := func(name, content, want string) malformed { return file(name, "x.pt", content, want) }
	end := func(f func([]byte)) string {
		return good[:len(good)-22] + func() string { b := []byte(good[len(good)-22:]); f(b); return string(b) }()
	}
	many := make([]member, 0, 20_003)
	for range 20_000 {
		many = append(many, member{name: "m/data/1"})
	}
	bomb := member{name: "m/data/0", data: deflated(64 << 20), method: 8, size: 64 << 20}
	return []malformed{
		of("no end record", good[:len(good)-22], `end record`),
		of("end record cut short", good[:len(good)-1], `end`),
		of("bytes behind the end record", good+"hidden", `end record: `),
		of("end record in a comment", end(put16(20, 22))+good[len(good)-22:], ``),
		of("directory offset beyond the file", end(put32(16, 1<<30)), ``),
		of("directory size beyond the file", end(put32(12, 1<<30)), ``),
		of("entry count too high", end(func(b []byte) { put16(8, 9)(b); put16(10, 9)(b) }), `9`),
		of("entry count too low", end(func(b []byte) { put16(8, 2)(b); put16(10, 2)(b) }), `2`),
		of("several disks", end(put16(4, 1)), `disk`),
		of("zip64 promised and missing", end(put32(16, 0xffffffff)), `zip64|Zip64|ZIP64`),
		of("bytes before the first member", "#!/bin/sh\nexit\n"+good, `expected`),
		of("same data in two members", with(member{name: "m/data/1", data: "", central: func(b []byte) {
			put32(zipOffset, binary.LittleEndian.Uint32(b[zipOffset:])-57)(b)
		}}), ``),
		of("a member of 2^32-1 bytes without zip64", storage(func(m *member) { m.central = put32(zipSize, 0xffffffff) }), `"m/data/0"`),
		of("a member beyond the file", storage(func(m *member) { m.central = put32(zipOffset, 1<<30) }), `"m/data/0"`),
		of("encrypted", storage(func(m *member) { m.local, m.central = put16(zipFlags-2, 1), put16(zipFlags, 1) }), `"m/data/0".*encrypt`),
		of("encrypted in the directory alone", storage(func(m *member) { m.central = put16(zipFlags, 1) }), `"m/data/0"`),
		of("method zstd", storage(func(m *member) { m.method = 93 }), `"m/data/0".*93`),
		of("method lzma", storage(func(m *member) { m.method = 14 }), `"m/data/0".*14`),
		of("local name differs", strings.Replace(good, "m/data/0", "m/data/1", 1), `"m/data/0"`),
		of("local method differs", storage(func(m *member) { m.local = put16(zipMethod-2, 8) }), `"m/data/0"`),
		of("local size differs", storage(func(m *member) { m.local = put32(zipSize-2, 12) }), `"m/data/0"`),
		of("on another disk", storage(func(m *member) { m.central = put16(zipDisk, 3) }), `disk`),
		of("two members of one name", with(member{name: "m/data/0", data: floats}), `"m/data/0"`),
		of("names that differ in case", with(member{name: "M/DATA/0", data: floats}), `"M/DATA/0"`),
		of("backslash in a name", with(member{name: `m\data\1`, data: floats}), `"m\\\\data\\\\1"`),
		of("name that leads upwards", with(member{name: "m/../../x", data: floats}), `"m/../../x"`),
		of("absolute name", with(member{name: "/etc/passwd", data: floats}), `"/etc/passwd"`),
		of("NUL in a name", with(member{name: "m/data/1\x00", data: floats}), `"m/data/1\\x00"`),
		of("two roots", with(member{name: "n/data/1", data: floats}), `"n/data/1"`),
		of("20,000 members of one name", zipFile(nil, many...), `"m/data/1"`),
		of("no data.pkl", without("m/data.pkl"), `data.pkl`),
		of("no version", without("m/version"), `version`),
		of("no storage", without("m/data/0"), `storage "0".*"m/data/0"`),
		of("version 11", strings.ReplaceAll(good, "3\n", "11"), `"m/version"`),
		of("version that is no number", strings.ReplaceAll(good, "3\n", "x\n"), `"m/version".*"x"`),
		of("byteorder unknown", with(member{name: "m/byteorder", data: "middle"}), `byteorder.*"middle"`),
		of("TorchScript", with(member{name: "m/code/__torch__.py", data: "def f"}), `TorchScript`),
		of("constants of TorchScript", with(member{name: "m/constants.pkl", data: "\x80\x02."}), `TorchScript`),
		of("storage too short", storage(func(m *member) { m.data = m.data[:12] }), `"m/data/0".*found 12 bytes, expected 16`),
		of("storage too long", storage(func(m *member) { m.data += "more" }), `"m/data/0".*found 20 bytes, expected 16`),
		of("deflate bomb", archive(func(ms []member) []member { ms[1] = bomb; return ms }), `"m/data/0"`),
		of("an archive in the archive's place", zipFile(nil, member{name: "m/inner.zip", data: good}), `data.pkl`),
		of("a zip of something else", zipFile(nil, member{name: "word/document.xml", data: "<w/>"}), `data.pkl|expected`),
		described(of("wrong checksum of the pickle", archive(func(ms []member) []member {
			ms[0].local, ms[0].central = put32(zipCRC-2, 1), put32(zipCRC, 1)
			return ms
		}), `member "m/data.pkl": found content of checksum [0-9a-f]{8}, expected 00000001`)),
		described(of("wrong checksum", storage(func(m *member) { m.local, m.central = put32(zipCRC-2, 1), put32(zipCRC, 1) }), `tensor "w": found content of CRC-32 [0-9a-f]{8}, expected 00000001`)),
	}
}
