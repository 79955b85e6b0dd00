package scan

import (
	"bytes"

	"olmotool/formats"
)

// search looks for names of dangerous globals in what cannot be parsed, from
// pos on: another reader may get there.
func (t *target) search(c content, s *source, pos int64) {
	const overlap = 2 * maxName
	for end := min(c.size, pos+maxSearch); pos < end; pos += window - overlap {
		b := s.upTo(pos, window)
		for i := range b {
			module, name := rawGlobal(b[i:])
			if name == "" {
				continue
			}
			if k := classify(module, name); k.kind == KindDangerous && i < window-overlap {
				t.raise(Dangerous)
				t.note(formats.Serious, "unparsed-import", c.where, pos+int64(i), "found %.200q (%s) in what cannot be parsed", k.name, k.why)
			}
		}
	}
}

// rawGlobal reads what b begins with, if that names a global: GLOBAL or INST
// with their two lines, or two short texts with STACK_GLOBAL behind them. It
// reads only names that Python's modules have.
func rawGlobal(b []byte) (module, name string) {
	switch b[0] {
	case 'c', 'i':
		first, rest, ok := bytes.Cut(b[1:min(len(b), maxName)], []byte{'\n'})
		second, _, ok2 := bytes.Cut(rest, []byte{'\n'})
		if ok && ok2 && isDotted(first) && isDotted(second) {
			return string(first), string(second)
		}
	case 0x8c, 'U', 'X':
		first, rest := rawText(b)
		second, rest := rawText(rest)
		if first != "" && second != "" && len(rest) > 0 && rest[0] == 0x93 {
			return first, second
		}
	}
	return "", ""
}

// rawText reads a short text and the opcode that puts it into the memo.
func rawText(b []byte) (string, []byte) {
	if len(b) < 2 {
		return "", nil
	}
	head := 2
	if b[0] == 'X' {
		if head = 5; len(b) < head || b[2]|b[3]|b[4] != 0 {
			return "", nil
		}
	} else if b[0] != 0x8c && b[0] != 'U' {
		return "", nil
	}
	n := int(b[1])
	if n > len(b)-head || !isDotted(b[head:head+n]) {
		return "", nil
	}
	text, rest := string(b[head:head+n]), b[head+n:]
	switch {
	case len(rest) > 0 && rest[0] == 0x94:
		rest = rest[1:]
	case len(rest) > 1 && rest[0] == 'q':
		rest = rest[2:]
	case len(rest) > 4 && rest[0] == 'r':
		rest = rest[5:]
	}
	return text, rest
}

// isDotted reports whether b is a name of ASCII, with dots or without.
func isDotted(b []byte) bool {
	for i, c := range b {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return len(b) > 0
}
