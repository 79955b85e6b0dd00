package tokenizer

import "bytes"

// splitter returns the length of the first word of a piece of text, which has
// at least one character. Every character is in some word.
type splitter func([]byte) int

// The expressions that are known: that of OLMo 2 and 3, which is cl100k's, and
// that of OLMo 1, which is GPT-2's.
const (
	Dolma2Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
)

var splitters = map[string]splitter{Dolma2Pattern: splitDolma2, gpt2Pattern: splitGPT2}

// splitDolma2 is Dolma2Pattern, whose alternatives it tries in their order.
func splitDolma2(b []byte) int {
	if n := contraction(b, true); n > 0 {
		return n
	}
	c, n := classAt(b)
	newline := b[0] == '\n' || b[0] == '\r'
	if c&(letter|number) == 0 && !newline {
		if letters := run(b[n:], letter); letters > 0 {
			return n + letters
		}
	}
	switch {
	case c&letter != 0:
		return run(b, letter)
	case c&number != 0:
		for range 2 {
			c, size := classAt(b[n:])
			if c&number == 0 {
				break
			}
			n += size
		}
		return n
	}
	if n := signs(b); n > 0 {
		return n + len(b[n:]) - len(bytes.TrimLeft(b[n:], "\r\n"))
	}
	all, last := spaces(b)
	if i := bytes.LastIndexAny(b[:all], "\r\n"); i >= 0 {
		return i + 1
	}
	return last
}

// splitGPT2 is gpt2Pattern, whose alternatives it tries in their order.
func splitGPT2(b []byte) int {
	if n := contraction(b, false); n > 0 {
		return n
	}
	start := 0
	if b[0] == ' ' {
		start = 1
	}
	for _, c := range []class{letter, number} {
		if n := run(b[start:], c); n > 0 {
			return start + n
		}
	}
	if n := signs(b); n > 0 {
		return n
	}
	_, last := spaces(b)
	return last
}

// contraction returns the length of 's, 't, 're, 've, 'm, 'll or 'd at the start
// of b, or 0. Ignoring case, the long s (ſ, U+017F) is an s too.
func contraction(b []byte, ignoreCase bool) int {
	if len(b) < 2 || b[0] != '\'' {
		return 0
	}
	at := func(i int) byte {
		switch {
		case i >= len(b):
			return 0
		case ignoreCase && b[i] >= 'A' && b[i] <= 'Z':
			return b[i] + 'a' - 'A'
		}
		return b[i]
	}
	switch at(1) {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if at(2) == 'e' {
			return 3
		}
	case 'l':
		if at(2) == 'l' {
			return 3
		}
	case 0xc5:
		if ignoreCase && at(2) == 0xbf {
			return 3
		}
	}
	return 0
}

// signs is ` ?[^\s\p{L}\p{N}]+`: the length of what it matches, or 0.
func signs(b []byte) int {
	start := 0
	if b[0] == ' ' {
		start = 1
	}
	n := start
	for n < len(b) {
		c, size := classAt(b[n:])
		if c&(letter|number|space) != 0 {
			break
		}
		n += size
	}
	if n == start {
		return 0
	}
	return n
}

// spaces returns the length of all spaces at the start of b, and of those that
// `\s+(?!\S)|\s+` takes: all but the last, if something follows and it is not
// the only one.
func spaces(b []byte) (all, taken int) {
	last := 0 // where the last one begins
	for all < len(b) {
		c, size := classAt(b[all:])
		if c&space == 0 {
			if last > 0 {
				return all, last
			}
			return all, all
		}
		last = all
		all += size
	}
	return all, all
}
