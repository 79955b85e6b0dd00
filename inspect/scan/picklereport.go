package scan

import (
	"bytes"
	"fmt"
	"slices"

	"olmotool/formats"
)

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
		if len(t.file.Globals) == maxGlobals {
			t.note(formats.Warning, "not-listed", c.where, -1, "found more than %d globals, of which the rest is judged and not listed", maxGlobals)
		} else {
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
	if len(t.file.Pickles) < maxPickles {
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
