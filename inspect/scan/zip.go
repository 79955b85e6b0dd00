package scan

import (
	"bytes"
	"cmp"
	"compress/bzip2"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"

	"olmotool/formats"
)

// member is a file in a zip archive, as one of its directories says.
type member struct {
	name   string
	flags  uint16
	method uint16
	crc    uint32
	packed int64
	size   int64
	header int64 // offset of the local header
	data   int64 // offset of the packed bytes; 0 without a local header
}

// The methods of compression that are unpacked.
const (
	stored    = 0
	deflated  = 8
	bzipped   = 12
	encrypted = 1 // the flag
)

// zipAtEnd looks into the archive that a content of another kind ends with, and
// reports whether there is one.
func (t *target) zipAtEnd(c content) bool {
	if c.size < lenEnd {
		return false
	}
	s := t.source(c)
	for _, d := range findDirectories(s) {
		if d.entries > 0 {
			t.zip(c)
			return true
		}
	}
	return false
}

// zip looks at all members of an archive: those of every directory that a
// reader may find, and those that no directory names.
func (t *target) zip(c content) {
	if ext(c.name) == ".distcp" && t.items(c) {
		return
	}
	s := t.source(c)
	dirs := findDirectories(s)
	if len(dirs) == 0 {
		code := "zip-no-directory"
		if c.cut {
			code = "too-large"
		}
		t.malformed(code, c.where, -1, "found no directory at the end, expected one (was the file cut short?); members are looked for one by one")
		t.hidden(c, s, 0, min(c.size, maxUnpacked))
		return
	}
	if len(dirs) > 1 {
		t.malformed("zip-directories", c.where, dirs[1].at, "found %d directories, expected one: readers take different ones", len(dirs))
	}
	var members []*member
	for _, d := range dirs {
		members = append(members, t.readDirectory(c, s, d)...)
	}
	if s.err != nil {
		t.unreadable(c.where, s.err)
		return
	}
	t.checkMembers(c, s, members)
	t.checkGaps(c, s, members, dirs)
	t.lookAtMembers(c, s, members)
}

// lookAtMembers looks into the members, but for torch's storages: they are raw
// numbers to every reader.
func (t *target) lookAtMembers(c content, s *source, members []*member) {
	root := torchRoot(members)
	var storages []*member
	keys := map[string]bool{}
	for _, m := range members {
		if root != "" && strings.HasPrefix(m.name, root+"/data/") {
			storages = append(storages, m)
			continue
		}
		before := t.keys
		t.keys = nil
		t.member(c, s, m, root != "" && m.name == root+"/data.pkl" && !c.rest)
		if m.name == root+"/data.pkl" {
			for _, k := range t.keys {
				keys[k] = true
			}
		}
		t.keys = before
	}
	orphans, bytes := []string(nil), int64(0)
	for _, m := range storages {
		if keys[strings.TrimPrefix(m.name, root+"/data/")] {
			continue
		}
		orphans, bytes = append(orphans, fmt.Sprintf("%.200q", m.name)), bytes+m.size
		t.member(c, s, m, false)
	}
	if len(orphans) > 0 {
		t.note(formats.Warning, "orphan-storage", c.where, -1, "found %d bytes in storages that no tensor refers to: %s", bytes, list(orphans))
	}
}

// torchRoot returns the folder of an archive that torch.save wrote; empty if it
// is another.
func torchRoot(members []*member) string {
	for _, m := range members {
		if root, ok := strings.CutSuffix(m.name, "/data.pkl"); ok && !strings.Contains(root, "/") {
			return root
		}
	}
	return ""
}

// member looks into one member.
func (t *target) member(c content, s *source, m *member, torch bool) {
	if m.size == 0 && m.packed == 0 || strings.HasSuffix(m.name, "/") && m.size == 0 {
		return
	}
	in := content{where: join(c.where, m.name), name: path.Base(m.name), depth: c.depth + 1, rest: c.rest, torch: torch, cut: c.cut}
	if m.data == 0 || m.packed > c.size-m.data || m.data > c.size {
		t.malformed("zip-member", in.where, m.header, "found member %.200q of %d bytes at %d, expected it inside of the archive", m.name, m.packed, m.header)
		return
	}
	raw := io.NewSectionReader(c.r, m.data, m.packed)
	switch m.method {
	case stored:
		in.r, in.size = raw, m.packed
	case deflated, bzipped:
		var r io.Reader = flate.NewReader(raw)
		if m.method == bzipped {
			r = bzip2.NewReader(raw)
		}
		if !t.unpack(&in, r) {
			return
		}
		if !in.cut && in.size != m.size {
			t.malformed("zip-size", in.where, m.data, "found %d bytes when it is unpacked, expected the %d that the directory says", in.size, m.size)
		}
	default:
		t.malformed("unreadable-member", in.where, m.data, "found compression method %d, expected 0 (stored), 8 (deflated) or 12 (bzip2)", m.method)
		return
	}
	t.checkSum(in, m)
	t.look(in)
}

// checkSum compares the checksum of a member. torch writes 0 where it computes
// none, and never looks at it; other readers stop there, and see nothing.
func (t *target) checkSum(c content, m *member) {
	if c.size > maxChecked || c.cut || m.crc == 0 {
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

// checkGaps looks at what lies in front of the members, between them and behind
// the end of the archive.
func (t *target) checkGaps(c content, s *source, members []*member, dirs []directory) {
	order := slices.Clone(members)
	slices.SortStableFunc(order, func(a, b *member) int { return cmp.Compare(a.header, b.header) })
	order = slices.CompactFunc(order, func(a, b *member) bool { return a.header == b.header && a.packed == b.packed })
	first := dirs[0].at
	for _, d := range dirs {
		first = min(first, d.at)
	}
	at := int64(0)
	for i, m := range order {
		if m.data == 0 || m.data > c.size || m.packed > c.size-m.data {
			continue
		}
		switch gap := m.header - at; {
		case gap < 0:
			t.malformed("zip-overlap", c.where, m.header, "found member %.200q at %d inside of the one in front, expected them one after another", m.name, m.header)
		case gap > 0 && i == 0:
			t.malformed("zip-prefix", c.where, 0, "found %d bytes in front of the first member, which torch refuses and other readers skip", gap)
			t.apart(c, s, 0, gap)
		case gap > descriptorMax:
			t.note(formats.Warning, "hidden-bytes", c.where, at, "found %d bytes in front of member %.200q, which belong to none", gap, m.name)
			t.hidden(c, s, at, m.header)
		}
		at = max(at, m.data+m.packed)
	}
	if gap := first - at; gap > descriptorMax {
		t.note(formats.Warning, "hidden-bytes", c.where, at, "found %d bytes in front of the directory, which belong to no member", gap)
		t.hidden(c, s, at, first)
	}
	last := dirs[0]
	for _, d := range dirs {
		if d.end > last.end {
			last = d
		}
	}
	if comment := last.comment; comment > 0 {
		t.note(formats.Info, "zip-comment", c.where, last.end-comment, "found a comment of %d bytes", comment)
		t.apart(c, s, last.end-comment, last.end)
	}
	if left := c.size - last.end; left > 0 {
		t.note(formats.Warning, "trailing-bytes", c.where, last.end, "found %d bytes behind the archive", left)
		t.apart(c, s, last.end, c.size)
	}
}

// apart looks at a part of an archive that is no member as at a content of its
// own.
func (t *target) apart(c content, s *source, from, to int64) {
	in := c.in(from, to-from, fmt.Sprintf("bytes %d to %d", from, to))
	in.rest = true
	if c.depth == 0 && from == 0 && formOf(s.upTo(0, 512)).name == "safetensors" {
		return // it is looked at as what the file is
	}
	t.look(in)
	t.search(in, t.source(in), 0)
}

// hidden looks for members that no directory names.
func (t *target) hidden(c content, s *source, from, to int64) {
	for pos := from; pos < min(to, from+maxUnpacked); {
		b := s.upTo(pos, int(min(window, to-pos)))
		i := bytes.Index(b, []byte(sigLocal))
		if i < 0 {
			pos += max(int64(len(b))-int64(len(sigLocal))+1, 1)
			continue
		}
		at := pos + int64(i)
		pos = at + lenLocal
		h := s.bytes(at, lenLocal)
		if h == nil {
			return
		}
		le := binary.LittleEndian
		m := &member{
			flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])),
			header: at, data: at + lenLocal + int64(le.Uint16(h[26:])) + int64(le.Uint16(h[28:])),
		}
		m.name = string(s.upTo(at+lenLocal, int(le.Uint16(h[26:]))))
		t.malformed("zip-hidden", c.where, at, "found member %.200q, which no directory names", m.name)
		if m.packed == 0 || m.packed == noNumber {
			m.packed = to - m.data
			m.size = m.packed
			c := c
			c.cut = true // where it ends is not known
			t.member(c, s, m, false)
			continue
		}
		t.member(c, s, m, false)
		pos = max(pos, min(m.data+m.packed, to))
	}
	in := c.in(from, to-from, fmt.Sprintf("bytes %d to %d", from, to))
	t.search(in, t.source(in), 0)
}
