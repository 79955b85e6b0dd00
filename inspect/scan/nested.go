package scan

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"olmotool/formats"
)

// nested looks into a text or bytes that begins as a pickle or an archive does,
// or that is handed to a function that loads pickles.
func (t *target) nested(c content, m *machine, s span) {
	in := c.in(s.at, s.n, fmt.Sprintf("text at byte %d", s.at))
	in.rest = true
	if s.esc != 0 || s.latin1 {
		if s.n > maxUnpacked {
			t.malformed("too-large", in.where, -1, "found a text of %d bytes that begins as a pickle does, expected at most %d", s.n, maxUnpacked)
			return
		}
		b := make([]byte, s.n)
		if err := formats.ReadFull(m.r, b, s.at); err != nil {
			t.unreadable(in.where, err)
			return
		}
		if s.esc != 0 {
			b = []byte(unescape(string(b), s.esc))
		}
		if s.latin1 || s.esc == 'V' {
			b = latin1(b)
		}
		in.r, in.size = bytes.NewReader(b), int64(len(b))
	}
	if s.probe {
		if t.pickles(in, true) > 0 {
			t.note(formats.Warning, "nested-pickle", in.where, -1, "found a pickle of %d bytes in a text, which is handed to a loader", in.size)
		}
		return
	}
	if head := t.source(in).upTo(0, 2); isPickleMagic(head) {
		// A text may begin so by chance: it is a pickle if it runs.
		probe := newMachine(t.source(in), 0)
		probe.strict = true
		if probe.execute(); !probe.complete && !probe.plausible() {
			return
		}
		t.note(formats.Warning, "nested-pickle", in.where, -1, "found a pickle of %d bytes in a text", in.size)
	}
	t.look(in)
}

// latin1 returns the bytes that a text stands for when it is encoded so; what
// it cannot encode is left as it is.
func latin1(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r < 256 && (r != utf8.RuneError || n > 1) {
			out = append(out, byte(r))
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}
