package scan

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

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
		m.strict = (probe || n > 0) && !isPickleMagic(s.upTo(pos, 2))
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

// report adds what a run has found to the file.
func (t *target) report(c content, m *machine) {
	p := Pickle{Where: c.where, Offset: m.base, Bytes: m.end - m.base, Protocol: m.protocol, Opcodes: m.ops, Verdict: TensorsOnly, Refused: m.refused}
	if !c.torch && !m.magic {
		if p.Refused == "" {
			p.Refused = "a pickle that is not in a file of torch.save"
		}
	}
	if p.Refused != "" {
		p.Verdict = Inert
	}
	var unknown []string
	for _, u := range m.uses {
		u.settle()
		u.Where = c.where
		switch u.Kind {
		case KindDangerous:
			p.Verdict = Dangerous
			t.note(formats.Serious, "dangerous-import", c.where, u.Offset, "%s is %s: %s", named(u), u.did(), u.Why)
		case KindUnknown:
			p.Verdict = max(p.Verdict, NeedsCode)
			unknown = append(unknown, named(u))
		}
		if len(t.file.Globals) < maxGlobals {
			t.file.Globals = append(t.file.Globals, u.Global)
		}
	}
	if len(unknown) > 0 {
		t.note(formats.Warning, "unknown-import", c.where, m.uses[0].Offset, "loading it imports code that is not known here: %s", list(unknown))
	}
	if m.fault != "" {
		p.Verdict = max(p.Verdict, Malformed)
		code := "malformed-pickle"
		if m.cut && c.cut {
			code = "too-large"
		}
		t.note(formats.Serious, code, c.where, m.faultAt, "%s; what stands in front has happened when Python finds out", m.fault)
	}
	for _, n := range m.notes {
		t.remarked(c, n, &p)
	}
	if t.file.Pickles == nil || len(t.file.Pickles) < maxGlobals {
		t.file.Pickles = append(t.file.Pickles, p)
	}
	t.raise(p.Verdict)
	for key := range m.storages {
		t.keys = append(t.keys, key)
	}
	for _, s := range m.nested {
		t.nested(c, m, s)
	}
}

// remarked tells of something odd, and makes the verdict what it is worth.
func (t *target) remarked(c content, n note, p *Pickle) {
	severity := formats.Warning
	switch n.code {
	case "build-on-global":
		severity, p.Verdict = formats.Serious, Dangerous
	case "expansion", "frame":
		severity, p.Verdict = formats.Serious, max(p.Verdict, Malformed)
	case "calls-result", "long-name":
		p.Verdict = max(p.Verdict, NeedsCode)
	}
	t.note(severity, n.code, c.where, n.at, "%s", n.text)
}

func named(u *use) string {
	if u.Module+"."+u.Name != u.class.name && u.Module != "?" {
		return fmt.Sprintf("%.200q (%.200q)", u.Module+"."+u.Name, u.class.name)
	}
	return fmt.Sprintf("%.200q", u.class.name)
}

// did says what a pickle does with a global.
func (u *use) did() string {
	switch {
	case u.Called > 0 && u.Preview != "":
		return "called with " + u.Preview
	case u.Called > 0:
		return "called"
	case u.bad:
		return "changed"
	case u.Argument > 0:
		return "handed on"
	}
	return "named"
}

func list(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	more := ""
	if n := len(names) - maxListed; n > 0 {
		names, more = names[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	var b bytes.Buffer
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(n)
	}
	return b.String() + more
}

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
