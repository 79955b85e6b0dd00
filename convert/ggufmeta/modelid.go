package ggufmeta

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// components is what an id such as allenai/OLMo-2-1124-7B-Instruct says about a
// model; nil is "nothing", which is not the same as an empty string.
type components struct {
	name, organization, basename, finetune, version, size *string
}

// The kinds of parts that a name may have between its hyphens. A part can be a
// version and part of the base name at once.
type partKind uint8

const (
	kindVersion partKind = 1 << iota
	kindType             // of element: q4_k_m, bf16
	kindSize
	kindFinetune
	kindBasename
)

type namePart struct {
	text string
	kind partKind
}

// Parts match as a whole and in any case; i stands for its Turkish relatives
// too and digits may be of any script, as in Python's regular expressions.
var (
	versionPart  = wholePart(`(v|[iİı]ter)?\p{Nd}+(\.\p{Nd}+)*`)
	typePart     = wholePart(`[iİı]?q\p{Nd}(_[\p{L}\p{N}_])*|b?fp?(16|32)`)
	sizePart     = wholePart(`(a|\p{Nd}+x)?\p{Nd}+([._]\p{Nd}+)?[kmbt]\p{Nd}?|small|m[iİı]n[iİı]|med[iİı]um|large|x?xl`)
	finetunePart = wholePart(`chat|[iİı]nstruct|v[iİı]s[iİı]on|lora`)
)

func wholePart(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`^(?i:` + pattern + `)$`)
}

// splitID takes an id apart. The number of parameters tells a size from a
// context length that looks like one; 0 is "unknown".
//
// An id with a space in it is a name for people, and nothing else.
func splitID(id string, parameters int64) components {
	if strings.Contains(id, " ") {
		return components{name: &id}
	}
	var c components
	name := id
	if org, rest, ok := strings.Cut(id, "/"); ok {
		name = rest
		if !strings.HasPrefix(org, ".") { // ./NAME and ../NAME are paths
			c.organization = &org
		}
	}
	c.name = &name

	var parts []namePart
	for text := range strings.SplitSeq(name, "-") {
		if text != "" {
			parts = append(parts, classify(text, len(parts) == 0, parameters))
		}
	}
	dropWordSizes(parts)
	markBasename(parts)

	c.basename = joinParts(parts, func(k partKind) bool { return k&kindBasename != 0 })
	c.size = joinParts(unique(parts), func(k partKind) bool { return k&kindSize != 0 })
	c.finetune = joinParts(parts, func(k partKind) bool { return k&kindFinetune != 0 })
	c.version = joinParts(parts, func(k partKind) bool { return k&(kindVersion|kindBasename) == kindVersion })
	if c.size == nil && c.finetune == nil && c.version == nil {
		c.basename = nil // too little to tell a base name from any other word
	}
	return c
}

func classify(text string, first bool, parameters int64) namePart {
	switch {
	case versionPart.MatchString(text):
		return namePart{text, kindVersion}
	case typePart.MatchString(text):
		return namePart{text, kindType}
	case !first && sizePart.MatchString(text):
		return sizeOrContext(text, parameters)
	case !first && finetunePart.MatchString(text):
		return namePart{text, kindFinetune}
	}
	return namePart{text, 0}
}

// dropWordSizes takes the mark from sizes in words (small, xl) if there is one
// in numbers.
func dropWordSizes(parts []namePart) {
	numeric := func(p namePart) bool { return p.kind == kindSize && strings.ContainsFunc(p.text, isDecimal) }
	if !slices.ContainsFunc(parts, numeric) {
		return
	}
	for i, p := range parts {
		if p.kind == kindSize && !strings.ContainsFunc(p.text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			parts[i].kind = 0
		}
	}
}

// markBasename marks the words and versions at the start as the base name, and
// other words that have no mark yet as what the model was tuned for. Versions at
// the end of the base name are versions only.
func markBasename(parts []namePart) {
	atStart := true
	for i, p := range parts {
		first, _ := utf8.DecodeRuneInString(p.text)
		switch {
		case atStart && (p.kind == 0 && unicode.IsLetter(first) || p.kind == kindVersion):
			parts[i].kind |= kindBasename
			continue
		case p.kind == 0:
			parts[i].kind = kindFinetune
		}
		atStart = false
	}
	for i := len(parts) - 1; i >= 0 && parts[i].kind == kindVersion|kindBasename; i-- {
		parts[i].kind = kindVersion
	}
}

// unique drops sizes that an earlier part already has.
func unique(parts []namePart) []namePart {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(parts), func(p namePart) bool {
		again := seen[p.text]
		seen[p.text] = seen[p.text] || p.kind == kindSize
		return again && p.kind == kindSize
	})
}

func joinParts(parts []namePart, has func(partKind) bool) *string {
	var texts []string
	for _, p := range parts {
		if has(p.kind) {
			texts = append(texts, p.text)
		}
	}
	if texts == nil {
		return nil
	}
	s := strings.Join(texts, "-")
	return &s
}
