package scan

import (
	"compress/bzip2"
	"compress/flate"
	"fmt"
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
		root, ok := strings.CutSuffix(m.name, "/data.pkl")
		if ok && slices.ContainsFunc(members, func(v *member) bool { return v.name == root+"/version" || v.name == root+"/.data/version" }) {
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
