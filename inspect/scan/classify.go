package scan

import (
	"strings"
	"unicode"
)

// Kind says what a global stands for. Kinds are ordered.
type Kind int8

const (
	// KindTensor is what torch 2.6's restricted loader takes.
	KindTensor Kind = iota
	// KindInert makes plain values of Python, numpy, torch or OLMo.
	KindInert
	// KindUnknown is code that is not known here.
	KindUnknown
	// KindDangerous runs code or commands, reads, writes, connects, or can get
	// at whatever does.
	KindDangerous
)

var kindTexts = [...]string{"tensor", "inert", "unknown", "dangerous"}

func (k Kind) String() string { return kindTexts[k] }

// MarshalText gives the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// class is what is known of a global by its name.
type class struct {
	name       string // in Python 3's spelling, with its module
	kind       Kind
	why        string // of the dangerous
	restricted bool   // torch's restricted loader takes it
	loads      bool   // it loads pickles

	guard   guard
	guarded Kind // what it is if all calls of it are harmless
}

type guard uint8

const (
	noGuard guard = iota
	guardGetattr
	guardType
)

// classify looks a global up, by what Python 3 makes of its name and by the name
// as it is: the worse of the two holds, because not every reader translates.
func classify(module, name string) class {
	as := lookUp(module, name)
	if m3, n3 := python3(module, name); m3 != module || n3 != name {
		to := lookUp(m3, n3)
		if as.kind < KindDangerous {
			return to // the old name is that of nothing in particular
		}
		if to.kind < KindDangerous {
			to.kind, to.why = as.kind, as.why
		}
		return to
	}
	return as
}

func lookUp(module, name string) class {
	full := module + "." + name
	c := class{name: full}
	switch {
	case restrictedNames[full]:
		c.restricted = true
		return c
	case inertNames[full], isInertFamily(module, name):
		c.kind, c.guarded = KindInert, KindInert
		return c
	case full == "builtins.getattr":
		c.guard = guardGetattr
	case full == "builtins.type":
		c.guard = guardType
	}
	if why := dangerOf(module, name); why != "" {
		c.kind, c.why = KindDangerous, why
		c.loads = loaders.has(full)
		return c
	}
	c.kind, c.guarded = KindUnknown, KindUnknown
	return c
}

// dangerOf returns the family of what a global could do; empty if it is none
// that is known.
func dangerOf(module, name string) string {
	// Names that differ in white space or case of no import, but would be
	// taken for the same by a careless reader, are none that a writer makes.
	path := strings.TrimSpace(module) + "." + strings.TrimSpace(name)
	if why := families.of(path); why != "" {
		return why
	}
	// Attributes lead from any module to those that it imports.
	parts := strings.Split(name, ".")
	for i, p := range parts {
		p = strings.TrimSpace(p)
		switch {
		case stdlibDanger[strings.TrimLeft(p, "_")] && (i > 0 || module != "__main__"):
			return "a way to module " + p
		case runsCode[p]:
			return "a function called " + p
		case strings.HasPrefix(p, "__") && strings.HasSuffix(p, "__") && len(p) > 4:
			return "an attribute that leads anywhere"
		}
	}
	for _, p := range strings.Split(module, ".") {
		if strings.HasPrefix(p, "__") && p != "__main__" && p != "__builtin__" && p != "__future__" && p != "__torch__" && p != "__mp_main__" {
			return "an attribute that leads anywhere"
		}
	}
	top, _, _ := strings.Cut(strings.TrimSpace(module), ".")
	if stdlib[top] && !unjudged.has(path) {
		return "a function of the standard library that no data needs"
	}
	return ""
}

// isInertFamily reports whether a global is one of a family of plain values.
func isInertFamily(module, name string) bool {
	switch module {
	case "builtins":
		for _, end := range []string{"Error", "Exception", "Warning"} {
			if strings.HasSuffix(name, end) && isPlainName(name) {
				return true
			}
		}
	case "torch":
		return torchValues[name]
	case "numpy", "numpy.dtypes":
		return numpyValues[name] || module == "numpy.dtypes" && strings.HasSuffix(name, "DType") && isPlainName(name)
	}
	for _, m := range valueModules {
		if module == m {
			return isPlainName(name) && unicode.IsUpper(rune(strings.TrimLeft(name, "_")[0]))
		}
	}
	return false
}

// isPlainName reports whether a name is one word that no convention reserves.
func isPlainName(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return strings.Trim(name, "_") != "" && !strings.HasPrefix(name, "__")
}

// paths is a set of dotted names, each with all that is below it.
type paths map[string]string

// of returns what is said of the longest beginning of path in the set.
func (p paths) of(path string) string {
	for {
		if why, ok := p[path]; ok {
			return why
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return ""
		}
		path = path[:i]
	}
}

func (p paths) has(path string) bool { return p.of(path) != "" }

// pathsOf makes a set from lines of a reason and the names it holds for.
func pathsOf(lines ...string) paths {
	p := paths{}
	for _, line := range lines {
		why, names, _ := strings.Cut(line, ": ")
		for _, name := range strings.Fields(names) {
			p[name] = why
		}
	}
	return p
}

func wordsOf(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}
