package search

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
	"olmotool/verify/text"
)

// Loss scores a soup by the mean negative log likelihood of a token of a text, in
// nats. The soup is never written: its weights are computed as the forward pass
// reads them.
type Loss struct {
	// Soup returns the model of some coefficients, in the element types that it is
	// to have; its tensors may be views.
	Soup   func(ctx context.Context, c []*big.Rat) (*olmo.Model, error)
	Tokens []int32
	Text   text.Options
	// Arithmetic of the forward pass: "f32", "f64", or "bf16", emulated.
	Arithmetic string
	// Budget is how many bytes of weights may be in memory; 0: 256 MiB.
	Budget int64
}

// Identity says in a line what scores depend on besides the soup.
func (l *Loss) Identity() string {
	h := sha256.New()
	for _, id := range l.Tokens {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(id)))
	}
	return fmt.Sprintf("nll, tokens sha256:%x, context %d, %s", h.Sum(nil), l.Text.Context, l.Arithmetic)
}

// Score runs the soup. A model whose logits are no numbers is an error.
func (l *Loss) Score(ctx context.Context, c []*big.Rat) (Score, error) {
	m, err := l.Soup(ctx, c)
	if err != nil {
		return Score{}, err
	}
	var parts []float64
	switch l.Arithmetic {
	case "f32":
		parts, err = losses(ctx, m, l, forward.Options[float32]{})
	case "bf16":
		parts, err = losses(ctx, m, l, forward.Options[float32]{Rounding: cpu.BF16})
	case "f64":
		parts, err = losses(ctx, m, l, forward.Options[float64]{})
	default:
		err = errors.New("found no such arithmetic, expected f32, f64 or bf16")
	}
	if err != nil {
		return Score{}, err
	}
	return Mean(parts), nil
}

// losses are those of the scored tokens.
func losses[T accel.Float](ctx context.Context, m *olmo.Model, l *Loss, o forward.Options[T]) ([]float64, error) {
	o.Threads, o.Budget = l.Text.Threads, l.Budget
	p, err := forward.New(m, o)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return text.Score(ctx, p, l.Tokens, l.Text)
}
