package tokenizer

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"unicode/utf8"
)

// Normalisation form C (Unicode Standard Annex 15), with the data of the
// library. Package x/text/unicode/norm has other data, newer and differing
// from one version of Go to the next, and breaks up runs of more than 30 marks.

// combiningRange is a range of code points of one canonical combining class.
type combiningRange struct {
	lo, hi rune
	class  uint8
}

// Hangul syllables, by the names of the Unicode Standard, section 3.12.
const (
	hangulS, hangulL, hangulV, hangulT = 0xac00, 0x1100, 0x1161, 0x11a7
	countL, countV, countT             = 19, 21, 28
	countS                             = countL * countV * countT
)

// noMark is below all that are not normalised to themselves.
const noMark = 0xc0

// nfcTables are the tables, ready for look-up.
type nfcTables struct {
	parts    map[rune][2]rune // what a character becomes; the second may be 0
	composed map[[2]rune]rune
	second   map[rune]bool // what may join a character before it
}

var tables = sync.OnceValue(func() nfcTables {
	t := nfcTables{map[rune][2]rune{}, map[[2]rune]rune{}, map[rune]bool{}}
	for _, p := range pairs {
		t.parts[p[0]] = [2]rune{p[1], p[2]}
		t.composed[[2]rune{p[1], p[2]}] = p[0]
		t.second[p[2]] = true
	}
	for _, d := range decompositions {
		t.parts[d[0]] = [2]rune{d[1], d[2]}
	}
	for v := range rune(countV) {
		t.second[hangulV+v] = true
	}
	for i := range rune(countT - 1) {
		t.second[hangulT+1+i] = true
	}
	return t
})

// combiningClass is that of a character that does not decompose.
func combiningClass(r rune) uint8 {
	i := sort.Search(len(combiningRanges), func(i int) bool { return combiningRanges[i].hi >= r })
	if i < len(combiningRanges) && combiningRanges[i].lo <= r {
		return combiningRanges[i].class
	}
	return 0
}

// normalize returns NFC of b, which may be b itself.
func normalize(b []byte) []byte {
	if i := slices.IndexFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }); i < 0 {
		return b
	}
	t := tables()
	out := make([]byte, 0, len(b)+len(b)/8)
	var part, full []rune
	for len(b) > 0 {
		// A part begins with a character that joins none before it, and ends
		// before the next such one.
		r, n := utf8.DecodeRune(b)
		part = append(part[:0], r)
		for n < len(b) {
			r, size := utf8.DecodeRune(b[n:])
			if t.begins(r) {
				break
			}
			part = append(part, r)
			n += size
		}
		if len(part) == 1 && r < noMark {
			out = append(out, b[:n]...)
		} else {
			full = full[:0]
			for _, r := range part {
				full = t.decompose(full, r)
			}
			order(full)
			for _, r := range t.compose(full) {
				out = utf8.AppendRune(out, r)
			}
		}
		b = b[n:]
	}
	return out
}

// begins reports whether r joins no character before it, nor is ordered among
// marks.
func (t *nfcTables) begins(r rune) bool {
	for r >= noMark {
		p, ok := t.parts[r]
		if !ok {
			return combiningClass(r) == 0 && !t.second[r]
		}
		r = p[0]
	}
	return true
}

func (t *nfcTables) decompose(to []rune, r rune) []rune {
	if s := r - hangulS; s >= 0 && s < countS {
		to = append(to, hangulL+s/(countV*countT), hangulV+s%(countV*countT)/countT)
		if s%countT > 0 {
			to = append(to, hangulT+s%countT)
		}
		return to
	}
	p, ok := t.parts[r]
	if !ok {
		return append(to, r)
	}
	to = t.decompose(to, p[0])
	if p[1] != 0 {
		to = append(to, p[1])
	}
	return to
}

// order sorts each run of marks by their classes, equal ones as they stand.
func order(s []rune) {
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && combiningClass(s[i]) != 0 {
			i++
		}
		slices.SortStableFunc(s[start:i], func(a, b rune) int { return cmp.Compare(combiningClass(a), combiningClass(b)) })
	}
}

// compose joins characters in place.
func (t *nfcTables) compose(s []rune) []rune {
	out := s[:0]
	starter, last := -1, -1 // where the last starter is in out; the class of the last mark since then, or -1
	for _, r := range s {
		class := int(combiningClass(r))
		if starter >= 0 && last < class {
			if c, ok := t.join(out[starter], r); ok {
				out[starter] = c
				continue
			}
		}
		if last = class; class == 0 {
			starter, last = len(out), -1
		}
		out = append(out, r)
	}
	return out
}

func (t *nfcTables) join(a, b rune) (rune, bool) {
	if l, v := a-hangulL, b-hangulV; l >= 0 && l < countL && v >= 0 && v < countV {
		return hangulS + (l*countV+v)*countT, true
	}
	if s, i := a-hangulS, b-hangulT; s >= 0 && s < countS && s%countT == 0 && i > 0 && i < countT {
		return a + i, true
	}
	c, ok := t.composed[[2]rune{a, b}]
	return c, ok
}
