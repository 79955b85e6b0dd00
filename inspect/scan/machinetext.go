package scan

import (
	"io"
	"math"
	"strings"
)

// pushText pushes a text where it lies.
func (m *machine) pushText(code byte, a *args) {
	at, n, esc := a.at, a.n, byte(0)
	if code == 'S' {
		var q, last byte
		if b := m.upTo(at, 1); n >= 2 && len(b) == 1 {
			q = b[0]
		}
		if b := m.upTo(at+n-1, 1); len(b) == 1 {
			last = b[0]
		}
		if q != last || q != '\'' && q != '"' {
			m.broken("STRING: found a text without quotes, expected them")
		} else {
			at, n = at+1, n-2
		}
	}
	head := m.upTo(at, int(min(n, maxName)))
	if (code == 'S' || code == 'V') && strings.IndexByte(string(head), '\\') >= 0 {
		esc = code
	}
	if esc == 0 && n > 0 && n < 64 && len(m.uses) == 0 && len(m.keys) < maxStorages {
		m.keys = append(m.keys, string(head))
	}
	m.sniffText(span{at: at, n: n, esc: esc}, head)
	m.push(operand{kind: isText, esc: esc, n: clip(n), ref: at})
}

func clip(n int64) uint32 { return uint32(min(n, math.MaxUint32)) }

// pushBytes pushes bytes where they lie.
func (m *machine) pushBytes(a *args) {
	m.sniffText(span{at: a.at, n: a.n}, m.upTo(a.at, int(min(a.n, 16))))
	m.push(operand{kind: isBytes, n: clip(a.n), ref: a.at})
}

// sniffText notes a text that begins as something that holds pickles does.
func (m *machine) sniffText(s span, head []byte) {
	if len(head) < 4 {
		return
	}
	if s.esc != 0 {
		head = []byte(unescape(string(head[:min(len(head), 64)]), s.esc))
	}
	if s.latin1 = head[0] == 0xc2 && head[1] >= 0x80; s.latin1 {
		head = head[1:]
	}
	if isMagic(head) {
		m.nest(s)
	}
}

// isMagic reports whether bytes begin as a content that may hold pickles.
func isMagic(b []byte) bool {
	return isPickleMagic(b) || strings.HasPrefix(string(b), "PK\x03\x04") || strings.HasPrefix(string(b), numpyMagic) || strings.HasPrefix(string(b), "\x1f\x8b\x08")
}

func isPickleMagic(b []byte) bool { return len(b) >= 2 && b[0] == 0x80 && b[1] <= 5 }

func (m *machine) nest(s span) {
	if len(m.nested) == maxNested {
		m.broken("found more than %d texts that begin as pickles do, expected fewer", maxNested)
	}
	if len(m.nested) < maxNested {
		m.nested = append(m.nested, s)
	}
}

// name returns n bytes at an offset, or as many as a name may have.
func (m *machine) name(at, n int64) string {
	if s, ok := m.texts[at]; ok && int64(len(s)) == n {
		return s
	}
	if n > maxName {
		m.remark("long-name", "found a name of %d bytes, of which %d are looked at", n, maxName)
		n = maxName
	}
	b := make([]byte, n)
	if i := at - m.at; i >= 0 && i+n <= int64(len(m.buf)) {
		copy(b, m.buf[i:])
	} else if read, err := m.r.ReadAt(b, at); read < len(b) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		m.broken("%v", err)
		return ""
	}
	s := string(b)
	if len(m.texts) < maxGlobals {
		m.texts[at] = s
	}
	return s
}

// text returns what a text says, or as much as a name may have.
func (m *machine) text(o operand) string {
	if o.kind != isText && o.kind != isBytes || o.ref < 0 {
		return ""
	}
	s := m.name(o.ref, int64(o.n))
	if o.esc != 0 {
		s = unescape(s, o.esc)
	}
	return s
}
