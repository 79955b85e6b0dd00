package text

import (
	"fmt"
	"strconv"

	"olmotool/formats"
)

// minContext is the shortest piece with a scored position.
const minContext = 3

// pieces are the token ids of a text, cut. With a bos, the text begins with it,
// and each piece is read with it in the place of its first token.
type pieces struct {
	name    string // of the text
	ids     []int32
	bos     *int32
	context int
}

func (p pieces) tokens() int {
	if p.bos != nil {
		return len(p.ids) + 1
	}
	return len(p.ids)
}

func (p pieces) count() int { return p.tokens() / p.context }

// first is the first scored position of a piece.
func (p pieces) first() int { return p.context / 2 }

// scored is the number of scored positions of a piece.
func (p pieces) scored() int { return p.context - 1 - p.first() }

// at returns tokens [lo, hi) of piece i as the text has them; lo is not 0.
func (p pieces) at(i, lo, hi int) []int32 {
	start := i * p.context
	if p.bos != nil {
		start--
	}
	return p.ids[start+lo : start+hi]
}

// read returns piece i as the models read it.
func (p pieces) read(i int) []int32 {
	if p.bos == nil {
		return p.at(i, 0, p.context)
	}
	return append([]int32{*p.bos}, p.at(i, 1, p.context)...)
}

// came returns the tokens that came at the scored positions of piece i.
func (p pieces) came(i int) []int32 { return p.at(i, p.first()+1, p.context) }

// check refuses a text that cannot be scored.
func (p pieces) check(maxContext, vocab int64) error {
	if p.context < minContext || int64(p.context) > maxContext {
		return formats.Errorf(p.name, "", "found pieces of %d tokens, expected at least %d and at most %d, the context of the model", p.context, minContext, maxContext)
	}
	if n := p.tokens(); n/2 < p.context {
		hint := ""
		if n/2 >= minContext {
			hint = fmt.Sprintf("; pieces of %d would do", n/2)
		}
		return formats.Errorf(p.name, "", "found %d tokens, expected at least %d for two pieces of %d%s", n, 2*int64(p.context), p.context, hint)
	}
	if p.bos != nil && (*p.bos < 0 || int64(*p.bos) >= vocab) {
		return formats.Errorf(p.name, "first token", "found id %d, expected one of a vocabulary of %d", *p.bos, vocab)
	}
	for i, id := range p.ids {
		if id < 0 || int64(id) >= vocab {
			return formats.Errorf(p.name, "token "+strconv.Itoa(i), "found id %d, expected one of a vocabulary of %d", id, vocab)
		}
	}
	return nil
}
