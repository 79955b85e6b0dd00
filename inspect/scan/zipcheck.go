package scan

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"olmotool/formats"
)

// checkSum compares the checksum of a member. torch writes 0 where it computes
// none, and never looks at it; other readers stop there, and see nothing.
func (t *target) checkSum(c content, m *member) {
	if c.size > maxChecked || c.cut || m.crc == 0 {
		return
	}
	if t.work -= c.size; t.work < 0 {
		return
	}
	h := crc32.NewIEEE()
	if _, err := io.Copy(h, io.NewSectionReader(c.r, 0, c.size)); err != nil {
		t.unreadable(c.where, err)
		return
	}
	if sum := h.Sum32(); sum != m.crc {
		t.malformed("zip-crc", c.where, m.data, "found checksum %08x, expected the %08x that the directory says; torch loads it, other readers stop", sum, m.crc)
	}
}

// checkMembers reads the local headers, and tells where they and the directory
// disagree.
func (t *target) checkMembers(c content, s *source, members []*member) {
	names := map[string]*member{}
	code := false
	for _, m := range members {
		t.oddName(c, m.name, "zip")
		if strings.Contains(m.name, `\`) {
			t.malformed("zip-name", c.where, m.header, "found a backslash in the name %.200q, which readers take differently", m.name)
		}
		if other := names[strings.ToLower(m.name)]; other != nil && other.header != m.header {
			t.malformed("zip-duplicate", c.where, m.header, "found member %.200q twice, or names that differ in case only: readers take different ones", m.name)
		}
		names[strings.ToLower(m.name)] = m
		if m.flags&encrypted != 0 {
			t.malformed("zip-encrypted", c.where, m.header, "found member %.200q flagged as encrypted; torch ignores that, other readers stop", m.name)
		}
		code = code || strings.Contains(m.name, "/code/") || strings.HasSuffix(m.name, "/constants.pkl")
		t.checkLocal(c, s, m)
	}
	if code {
		t.raise(NeedsCode)
		t.note(formats.Warning, "torchscript", c.where, -1, "found the code of a TorchScript archive, which torch.jit.load compiles and which is not looked at")
	}
}

// checkLocal finds the data of a member behind its local header.
func (t *target) checkLocal(c content, s *source, m *member) {
	b := s.bytes(m.header, lenLocal)
	if b == nil || string(b[:4]) != sigLocal {
		t.malformed("zip-header", c.where, m.header, "found no local header of member %.200q, expected one", m.name)
		return
	}
	le := binary.LittleEndian
	flags, method, crc := le.Uint16(b[6:]), le.Uint16(b[8:]), le.Uint32(b[14:])
	packed, size := int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	nameLen, extraLen := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	m.data = m.header + lenLocal + int64(nameLen) + int64(extraLen)
	name := string(s.upTo(m.header+lenLocal, nameLen))
	differs := func(what string, local, central any) {
		t.malformed("zip-header", c.where, m.header, "found %s %.200v in the local header of member %.200q and %.200v in the directory, expected the same", what, local, m.name, central)
	}
	if name != m.name {
		differs("name", fmt.Sprintf("%q", name), fmt.Sprintf("%q", m.name))
	}
	if flags != m.flags {
		differs("flags", flags, m.flags)
	}
	if method != m.method {
		differs("method", method, m.method)
	}
	extra := append([]byte(nil), s.upTo(m.header+lenLocal+int64(nameLen), extraLen)...)
	if err := zip64(extra, &size, &packed); err != nil {
		t.malformed("zip-header", c.where, m.header, "member %.200q: local header: %v", m.name, err)
	}
	later := flags&(1<<3) != 0 // a descriptor behind the data has the numbers
	if crc != m.crc && !(later && crc == 0) {
		differs("checksum", crc, m.crc)
	}
	if size != m.size && !(later && size == 0) || packed != m.packed && !(later && packed == 0) {
		differs("sizes", [2]int64{packed, size}, [2]int64{m.packed, m.size})
	}
}
