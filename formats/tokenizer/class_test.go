package tokenizer

import (
	"testing"
	"unicode"
)

// TestTables: look-up is a binary search.
func TestTables(t *testing.T) {
	last := rune(-1)
	for _, r := range classRanges {
		if r.lo <= last || r.hi < r.lo || r.class == 0 {
			t.Errorf("range %U to %U behind %U", r.lo, r.hi, last)
		}
		last = r.hi
	}
	last = -1
	for _, r := range combiningRanges {
		if r.lo <= last || r.hi < r.lo || r.class == 0 {
			t.Errorf("range %U to %U behind %U", r.lo, r.hi, last)
		}
		last = r.hi
	}
}

// TestClasses holds the table against Go's, which has another version of
// Unicode: whatever both know, they know alike.
func TestClasses(t *testing.T) {
	assigned := func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co)
	}
	added := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		var want class
		if unicode.IsLetter(r) {
			want |= letter
		}
		if unicode.IsNumber(r) {
			want |= number
		}
		if unicode.Is(unicode.White_Space, r) {
			want |= space
		}
		switch got := classOf(r) &^ inWord; {
		case got == want:
		case !assigned(r) || got == 0: // younger than Go's tables, or than the library's
			added++
		default:
			t.Errorf("%U: got %b, want %b", r, got, want)
		}
	}
	if added > 10_000 {
		t.Errorf("%d characters are in one table only", added)
	}
	for _, c := range []struct {
		r    rune
		want class
	}{
		{'_', inWord},
		{'\u0301', inWord},
		{'\u200d', inWord},
		{'Ⓐ', inWord},
		{'²', number},
		{'5', number | inWord},
		{'ⅷ', number | inWord},
		{'é', letter | inWord},
		{'\u0085', space},
		{'\u180e', 0},
		{'\u200b', 0},
		{'\u3000', space},
		{'-', 0},
		{'\U0010ffff', 0},
		{'\U00016d40', letter | inWord},
		{'\U0001ccf0', number | inWord}, // of Unicode 16
	} {
		if got := classOf(c.r); got != c.want {
			t.Errorf("%U: got %b, want %b", c.r, got, c.want)
		}
	}
}
