package scan

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// preview shows the arguments of a call, in short.
func (m *machine) preview(o operand) string {
	var b strings.Builder
	m.show(&b, o, 0)
	s := b.String()
	if len(s) <= maxPreview {
		return s
	}
	n := maxPreview
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func (m *machine) show(b *strings.Builder, o operand, depth int) {
	if b.Len() > maxPreview {
		return
	}
	switch o.kind {
	case isInt:
		fmt.Fprint(b, o.ref)
	case isText, isBytes:
		s := m.text(o)
		fmt.Fprintf(b, "%q", s[:min(len(s), maxPreview)])
	case isGlobal:
		b.WriteString(m.uses[o.ref].class.name)
	case isObject:
		if u := m.useOf(o); u != nil {
			b.WriteString(u.class.name)
		}
		b.WriteString("(…)")
	case isTuple:
		if o.items == nil || depth == 3 {
			b.WriteString("(…)")
			return
		}
		b.WriteByte('(')
		for i, item := range *o.items {
			if i > 0 {
				b.WriteString(", ")
			}
			m.show(b, item, depth+1)
		}
		b.WriteByte(')')
	case isList:
		b.WriteString("[…]")
	case isDict, isSet:
		b.WriteString("{…}")
	default:
		b.WriteString("…")
	}
}
