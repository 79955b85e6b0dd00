package forward

import (
	"fmt"

	"olmotool/formats/olmo"
)

// Batch is the token ids of several sequences, which do not see each other.
// Activations of a batch have a row for each token, sequence after sequence.
type Batch struct {
	Seqs [][]int32
	// First is the position of the first token of every sequence: 0, except to
	// probe long positions with few tokens.
	First int
}

const (
	// maxPosition is the largest position that float32 has exactly, as which
	// rotary embeddings take it.
	maxPosition = 1 << 24
	// maxActivations is how many numbers a matrix of activations may have: no
	// released model has so many for its whole context, and a mistaken config or
	// batch is found before the memory is gone.
	maxActivations = 1 << 31
)

// Tokens returns the number of tokens of all sequences.
func (b Batch) Tokens() int {
	n := 0
	for _, s := range b.Seqs {
		n += len(s)
	}
	return n
}

// Join returns the batch of the sequences of both.
func (b Batch) Join(o Batch) Batch {
	return Batch{Seqs: append(append([][]int32{}, b.Seqs...), o.Seqs...), First: b.First}
}

// Check returns an error if a model cannot be run on the batch: it has no
// tokens, ids that are not in the vocabulary or, unless allowLong, positions
// beyond max_position_embeddings.
func (b Batch) Check(c *olmo.Config, allowLong bool) error {
	n := b.Tokens()
	if n == 0 {
		return fmt.Errorf("found no tokens, expected some")
	}
	if b.First < 0 || b.First > maxPosition {
		return fmt.Errorf("found first position %d, expected 0 to %d", b.First, maxPosition)
	}
	limit, reason := int64(maxPosition), "that float32 has exactly"
	if !allowLong && c.MaxPositionEmbeddings < limit {
		limit, reason = c.MaxPositionEmbeddings, "the model's max_position_embeddings"
	}
	for i, s := range b.Seqs {
		if end := int64(b.First) + int64(len(s)); end > limit {
			return fmt.Errorf("sequence %d: found positions to %d, expected at most %d, %s", i, end, limit, reason)
		}
		for j, id := range s {
			if id < 0 || int64(id) >= c.VocabSize {
				return fmt.Errorf("sequence %d: position %d: found token %d, expected 0 to %d", i, j, id, c.VocabSize-1)
			}
		}
	}
	widest := max(c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads*c.HeadDim)
	if int64(n) > maxActivations/widest {
		return fmt.Errorf("found %d tokens, expected at most %d at a time for rows of %d numbers", n, maxActivations/widest, widest)
	}
	return nil
}

// longest returns the number of tokens of the longest sequence.
func (b Batch) longest() int {
	n := 0
	for _, s := range b.Seqs {
		n = max(n, len(s))
	}
	return n
}

// places returns the place of each token in its sequence.
func (b Batch) places() []int {
	at := make([]int, 0, b.Tokens())
	for _, s := range b.Seqs {
		for i := range s {
			at = append(at, i)
		}
	}
	return at
}
