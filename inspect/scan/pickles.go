package scan

import (
	"fmt"

	"olmotool/formats"
)

// pickles runs the pickles that stand one after another in a content, and
// returns how many there were. With probe, nothing says that there are any: if
// the first is none, nothing is told.
func (t *target) pickles(c content, probe bool) (n int) {
	s := t.source(c)
	pos := int64(0)
	for pos < c.size || n == 0 {
		if n == maxPickles {
			t.malformed("too-much", c.where, pos, "found more than %d pickles in a row, expected fewer; the rest is not looked at", maxPickles)
			return n
		}
		m := newMachine(s, pos)
		m.strict = probe && n == 0 || n > 0 && !isPickleMagic(s.upTo(pos, 2))
		m.execute()
		if m.strict && !m.plausible() {
			break
		}
		if m.strict && m.fault != "" { // it is one, so follow it as far as it can be
			m = newMachine(s, pos)
			m.execute()
		}
		if s.err != nil {
			t.unreadable(c.where, s.err)
			return n
		}
		t.report(c, m)
		n++
		if !m.complete {
			if m.fault != "" {
				t.search(c, s, m.pos)
			}
			return n
		}
		pos = m.end
		if m.magic && n == 1 {
			if pos = t.oldTorch(c, s, pos); pos < 0 {
				return n
			}
			n += 4
			break
		}
	}
	if n > 0 && pos < c.size {
		t.trailing(c, pos)
	}
	return n
}

// plausible reports whether what was run strictly is a pickle, although nothing
// but its opcodes says so: it ends, or it names something before it breaks.
func (m *machine) plausible() bool {
	if m.complete {
		return m.end == m.size || len(m.uses) > 0 || m.ops > 8
	}
	if isPickleMagic(m.upTo(m.base, 2)) {
		return len(m.uses) > 0 || m.ops > 8
	}
	for _, u := range m.uses {
		if u.class.kind != KindUnknown && u.class.why != "a name that the pickle computes" {
			return true
		}
	}
	return false
}

// oldTorch runs the four pickles that follow the magic number in the stream of
// torch before 1.6 and steps over the storages. It returns where they end; -1
// if there is nothing more to look at.
func (t *target) oldTorch(c content, s *source, pos int64) int64 {
	c.torch = true
	var object, keys *machine
	for i := range 4 {
		m := newMachine(s, pos)
		m.execute()
		if s.err != nil {
			t.unreadable(c.where, s.err)
			return -1
		}
		t.report(c, m)
		if !m.complete {
			t.search(c, s, m.pos)
			return -1
		}
		pos = m.end
		switch i {
		case 2:
			object = m
		case 3:
			keys = m
		}
	}
	for _, key := range keys.keys {
		b := s.bytes(pos, 8)
		size := object.storages[key]
		if b == nil || size == 0 {
			t.malformed("storage", c.where, pos, "found no data for storage %q, expected its length and its bytes", key)
			return -1
		}
		n := number(b)
		if left := uint64(c.size - pos - 8); n > left/uint64(size) {
			t.malformed("storage", c.where, pos, "found storage %q of %d elements of %d bytes with %d bytes to the end, expected one that fits", key, n, size, left)
			return -1
		}
		pos += 8 + int64(n)*size
	}
	return pos
}

// trailing looks at what lies behind the last pickle.
func (t *target) trailing(c content, pos int64) {
	t.note(formats.Warning, "trailing-bytes", c.where, pos, "found %d bytes behind the pickle, which its reader does not look at", c.size-pos)
	rest := c.in(pos, c.size-pos, fmt.Sprintf("behind byte %d", pos))
	rest.rest = true
	t.look(rest)
	t.search(c, t.source(c), pos)
}
