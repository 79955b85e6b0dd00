package tokenizer

import (
	"sort"
	"unicode/utf8"
)

// class is what the expressions of tokenizers tell characters apart by.
type class uint8

const (
	letter class = 1 << iota // \p{L}
	number                   // \p{N}
	space                    // \s
	inWord                   // \w; with regard to added tokens only
)

// classRange is a range of code points of one class.
type classRange struct {
	lo, hi rune
	class  class
}

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for _, r := range classRanges {
		for c := r.lo; c <= min(r.hi, utf8.RuneSelf-1); c++ {
			t[c] = r.class
		}
	}
	return t
}()

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return asciiClass[r]
	}
	i := sort.Search(len(classRanges), func(i int) bool { return classRanges[i].hi >= r })
	if i < len(classRanges) && classRanges[i].lo <= r {
		return classRanges[i].class
	}
	return 0
}

// classAt returns the class and the length of the first character of b; 0, 0 if
// b is empty.
func classAt(b []byte) (class, int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0] < utf8.RuneSelf {
		return asciiClass[b[0]], 1
	}
	r, n := utf8.DecodeRune(b)
	return classOf(r), n
}

// run returns the length of the characters of these classes with which b begins.
func run(b []byte, c class) int {
	n := 0
	for n < len(b) {
		got, size := classAt(b[n:])
		if got&c == 0 {
			break
		}
		n += size
	}
	return n
}
