package scan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"olmotool/formats"
)

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
	if form := formOf(s.upTo(0, 512)); from == 0 && form.look != nil && form.name != "zip" {
		return // it is looked at as what the content is
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
