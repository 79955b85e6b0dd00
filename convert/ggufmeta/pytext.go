package ggufmeta

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The string operations of Python that the naming rules are made of. They
// differ from Go's in small ways that directory names can show: title case
// begins anew after each character that has no case (olmo2b is Olmo2B), and the
// control characters 1C to 1F are white space.

func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func strip(s string) string { return strings.TrimFunc(s, isSpace) }

func isLower(r rune) bool { return unicode.In(r, unicode.Ll, unicode.Other_Lowercase) }

func isUpper(r rune) bool { return unicode.In(r, unicode.Lu, unicode.Lt, unicode.Other_Uppercase) }

// isDecimal reports whether r is a digit 0 to 9 of any script.
func isDecimal(r rune) bool { return unicode.Is(unicode.Nd, r) }

// digitValue returns the value of a decimal digit. Unicode keeps the ten digits
// of a script together, in order.
func digitValue(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	return 0
}

// lowerCase reports whether s has letters with case and all are small.
func lowerCase(s string) bool {
	some := false
	for _, r := range s {
		if isUpper(r) {
			return false
		}
		some = some || isLower(r)
	}
	return some
}

// titleWord gives each run of letters of a lower-case word a capital.
func titleWord(word string) string {
	var b strings.Builder
	inside := false
	for _, r := range word {
		switch {
		case inside:
			b.WriteRune(r)
		case titleOf[r] != "":
			b.WriteString(titleOf[r])
		default:
			b.WriteRune(unicode.ToTitle(r))
		}
		inside = isLower(r)
	}
	return b.String()
}

// titleOf has the letters whose capital is more than one character
// (Unicode's SpecialCasing.txt).
var titleOf = func() map[rune]string {
	m := map[rune]string{}
	for pair := range strings.FieldsSeq(manyTitles) {
		r, n := utf8.DecodeRuneInString(pair)
		m[r] = pair[n:]
	}
	return m
}()

const manyTitles = `ßSs ŉʼN ǰJ̌ ΐΪ́ ΰΫ́ ևԵւ ẖH̱ ẗT̈ ẘW̊ ẙY̊ ẚAʾ ὐΥ̓ ὒΥ̓̀ ὔΥ̓́ ὖΥ̓͂ ᾲᾺͅ ᾴΆͅ ᾶΑ͂ ᾷᾼ͂ ῂῊͅ ῄΉͅ ῆΗ͂ ῇῌ͂ ῒΪ̀ ΐΪ́ ῖΙ͂ ῗΪ͂ ῢΫ̀ ΰΫ́ ῤΡ̓ ῦΥ͂ ῧΫ͂ ῲῺͅ ῴΏͅ ῶΩ͂ ῷῼ͂ ﬀFf ﬁFi ﬂFl ﬃFfi ﬄFfl ﬅSt ﬆSt ﬓՄն ﬔՄե ﬕՄի ﬖՎն ﬗՄխ`
