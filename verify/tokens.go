package verify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// maxTokens is how many tokens an input may have: more than any model's context
// many times over, and the ids fit into 64 MiB.
const maxTokens = 1 << 24

// RandomTokens returns made-up input for models of a vocabulary: sequences of that
// length, uniform over all of it, padding rows included. Behind the first token of
// the first sequence come the first and the last id, as far as there is room. The
// same numbers give the same tokens in every version and for every layout.
func RandomTokens(vocab int64, seed uint64, sequences, length int) (Tokens, error) {
	if sequences < 1 || length < 1 || sequences > maxTokens/length {
		return Tokens{}, usageErrorf("tokens: found %d sequences of %d, expected 1 to %d tokens in all", sequences, length, maxTokens)
	}
	pcg := rand.NewPCG(seed, 0)
	t := Tokens{From: fmt.Sprintf("seed %d", seed)}
	for range sequences {
		s := make([]int32, length)
		for i := range s {
			// The upper word of the product is uniform but for 2⁻³⁸ at most.
			id, _ := bits.Mul64(pcg.Uint64(), uint64(vocab))
			s[i] = int32(id)
		}
		t.Seqs = append(t.Seqs, s)
	}
	for i, id := range []int64{0, vocab - 1} {
		if i+1 < length {
			t.Seqs[0][i+1] = int32(id)
		}
	}
	return t, nil
}

// defaultTokens is how many tokens are made up where none are given.
const defaultTokens = 128

// tokensFor returns the tokens of o, or made-up ones, after checking that every
// one of the models can be run on them.
func (o Options) tokensFor(models ...*olmo.Model) (Tokens, error) {
	t := o.Tokens
	if len(t.Seqs) == 0 {
		var err error
		longest := int64(defaultTokens)
		for _, m := range models {
			longest = min(longest, m.Config.MaxPositionEmbeddings)
		}
		if t, err = RandomTokens(models[0].Config.VocabSize, 0, 1, int(longest)); err != nil {
			return t, err
		}
	}
	if t.From == "" {
		t.From = "tokens"
	}
	for _, m := range models {
		if err := t.Check(m.Config, t.AllowLong); err != nil {
			return t, formats.Errorf(t.From, "", "%w", err)
		}
	}
	return t, nil
}

// ParseTokens reads a list of token ids, "1,2,3": one sequence. Errors name
// where the list came from by from.
func ParseTokens(list, from string) (Tokens, error) {
	seqs, err := readTokens(strings.NewReader(list), from)
	if err != nil {
		return Tokens{}, err
	}
	if len(seqs) > 1 {
		return Tokens{}, formats.Errorf(from, "line 2", "found another sequence, expected one")
	}
	return Tokens{Batch: forward.Batch{Seqs: seqs}, From: from}, nil
}

// readTokens reads integers separated by white space or commas, one sequence a
// line. Errors tell line and column, counted from 1, columns in bytes.
func readTokens(r io.Reader, from string) ([][]int32, error) {
	in := bufio.NewReader(r)
	var seqs [][]int32
	var seq []int32
	total, line, column := 0, 1, 0
	number, start, comma := int64(-1), 0, true // comma: none may follow
	fail := func(column int, format string, args ...any) error {
		return formats.Errorf(from, fmt.Sprintf("line %d, column %d", line, column), format, args...)
	}
	for {
		c, err := in.ReadByte()
		column++
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, formats.Errorf(from, "", "%w", err)
		}
		if err == nil && c >= '0' && c <= '9' {
			if number < 0 {
				number, start, comma = 0, column, false
			}
			if number = 10*number + int64(c-'0'); number > math.MaxInt32 {
				return nil, fail(start, "found a number beyond %d, expected a token id", math.MaxInt32)
			}
			continue
		}
		if number >= 0 {
			if total++; total > maxTokens {
				return nil, fail(start, "found more than %d tokens, expected fewer", maxTokens)
			}
			seq, number = append(seq, int32(number)), -1
		}
		switch {
		case err != nil || c == '\n':
			if len(seq) > 0 {
				seqs, seq = append(seqs, seq), nil
			}
			line, column, comma = line+1, 0, true
		case c == ',' && !comma:
			comma = true
		case c == ' ' || c == '\t' || c == '\r':
		default:
			return nil, fail(column, "found %q, expected token ids separated by white space or commas", c)
		}
		if err != nil {
			break
		}
	}
	if len(seqs) == 0 {
		return nil, formats.Errorf(from, "", "found no tokens, expected some")
	}
	return seqs, nil
}
