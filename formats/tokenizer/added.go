package tokenizer

import (
	"cmp"
	"slices"
	"sort"
	"unicode/utf8"
)

// addedToken is a token that is found in text as a whole, before the text is
// cut into words.
type addedToken struct {
	text       string
	id         int32
	singleWord bool // only where it touches no word
	lstrip     bool // takes the spaces before it along
	rstrip     bool // and those behind it
}

// matcher finds added tokens: the leftmost, and of those that begin there the
// longest.
type matcher struct {
	tokens []addedToken // by text
	first  [257]int32   // where the tokens with this first byte begin
}

func newMatcher(tokens []addedToken) matcher {
	m := matcher{tokens: tokens}
	slices.SortFunc(m.tokens, func(a, b addedToken) int { return cmp.Compare(a.text, b.text) })
	for b := range m.first {
		m.first[b] = int32(sort.Search(len(tokens), func(i int) bool { return int(tokens[i].text[0]) >= b }))
	}
	return m
}

// at returns the longest token with which b begins, or nil.
func (m *matcher) at(b []byte) *addedToken {
	lo, hi := int(m.first[b[0]]), int(m.first[int(b[0])+1])
	var longest *addedToken
	for depth := 1; lo < hi; depth++ { // [lo, hi) agree with b in the first depth bytes
		if len(m.tokens[lo].text) == depth {
			longest = &m.tokens[lo]
			lo++
		}
		if depth == len(b) {
			break
		}
		all := m.tokens[lo:hi]
		lo += sort.Search(len(all), func(i int) bool { return all[i].text[depth] >= b[depth] })
		hi -= len(all) - sort.Search(len(all), func(i int) bool { return all[i].text[depth] > b[depth] })
	}
	return longest
}

// cut calls piece for each stretch of text between added tokens and token for
// each of those, in order. It stops at the first error.
func (m *matcher) cut(text []byte, piece func([]byte) error, token func(id int32)) error {
	done, spacesEnd := 0, 0
	for i := 0; i < len(text) && len(m.tokens) > 0; {
		t := m.at(text[i:])
		if t == nil {
			i++
			continue
		}
		start, end := i, i+len(t.text)
		i = end
		if t.singleWord && (endsInWord(text[:start]) || beginsInWord(text[end:])) {
			continue
		}
		if t.lstrip {
			start = max(start, done)
			start -= spacesAtEnd(text[done:start])
		}
		if t.rstrip {
			if end >= spacesEnd { // else they are known from a token before
				spacesEnd = end + run(text[end:], space)
			}
			end = spacesEnd
		}
		if start >= end {
			continue // all spaces, which a token before took along
		}
		if done < start {
			if err := piece(text[done:start]); err != nil {
				return err
			}
		}
		token(t.id)
		done = end // which may be before the end of the spaces that a token before took along
	}
	if done < len(text) {
		return piece(text[done:])
	}
	return nil
}

func beginsInWord(b []byte) bool {
	c, _ := classAt(b)
	return c&inWord != 0
}

func endsInWord(b []byte) bool {
	r, _ := utf8.DecodeLastRune(b)
	return len(b) > 0 && classOf(r)&inWord != 0
}

// spacesAtEnd returns the length of the spaces with which b ends.
func spacesAtEnd(b []byte) int {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeLastRune(b[:len(b)-n])
		if classOf(r)&space == 0 {
			break
		}
		n += size
	}
	return n
}
