package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// Encode returns the ids of a text, as encode(text, add_special_tokens=…) of the
// tokenizers library does. With addSpecial the text gets the special tokens
// around it that the file puts there; those of an empty text are just these.
// Added tokens are recognised in the text in either case.
//
// The text must be UTF-8 of at most 1 GiB, with no word longer than 16 MiB. An
// error says what is wrong with it, and does not name the file it came from.
func (t *Tokenizer) Encode(text []byte, addSpecial bool) ([]int32, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("found a text of %d bytes, expected at most %d", len(text), maxText)
	}
	if i := invalid(text); i >= 0 {
		return nil, fmt.Errorf("byte %d: found invalid UTF-8 (byte 0x%02x), expected UTF-8 text", i, text[i])
	}
	e := encoder{t: t, ids: make([]int32, 0, len(text)/4+len(t.before)+len(t.after)), seen: map[string]span{}}
	if addSpecial {
		e.ids = append(e.ids, t.before...)
	}
	if err := e.text(text); err != nil {
		return nil, err
	}
	if addSpecial {
		e.ids = append(e.ids, t.after...)
	}
	return e.ids, nil
}

// invalid returns the offset of the first byte that is not UTF-8, or -1.
func invalid(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
}

// encoder is the work on one text.
type encoder struct {
	t    *Tokenizer
	ids  []int32
	word word
	seen map[string]span // where in ids the tokens of a word are
}

type span struct{ start, end int }

// text looks for added tokens, first in the text as it is, then in what is left
// after its normalisation.
func (e *encoder) text(text []byte) error {
	token := func(id int32) { e.ids = append(e.ids, id) }
	return e.t.raw.cut(text, func(piece []byte) error {
		if e.t.nfc {
			piece = normalize(piece)
		}
		return e.t.normalized.cut(piece, e.words, token)
	}, token)
}

// words cuts a piece of text, which has at least one character, into words.
func (e *encoder) words(piece []byte) error {
	if e.t.prefixSpace && piece[0] != ' ' {
		piece = append([]byte{' '}, piece...)
	}
	for len(piece) > 0 {
		n := len(piece)
		if e.t.split != nil {
			n = e.t.split(piece)
		}
		if err := e.tokens(piece[:n]); err != nil {
			return err
		}
		piece = piece[n:]
	}
	return nil
}

func (e *encoder) tokens(text []byte) error {
	if len(text) > maxWord {
		return fmt.Errorf("found a word of %d bytes, %.20q…, expected at most %d", len(text), text, maxWord)
	}
	if s, ok := e.seen[string(text)]; ok {
		e.ids = append(e.ids, e.ids[s.start:s.end]...)
		return nil
	}
	start := len(e.ids)
	e.ids = e.t.bpe.appendTokens(e.ids, text, &e.word)
	if len(text) <= maxCachedWord && len(e.seen) < maxCached {
		e.seen[string(text)] = span{start, len(e.ids)}
	}
	return nil
}
