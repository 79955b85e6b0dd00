package search

import (
	"context"
	"fmt"
	"math"
	"math/big"

	"olmotool/verify/text"
)

// Scorer says how good a soup is.
type Scorer interface {
	// Score scores the soup of these coefficients, one of each model; their sum is
	// 1. It does not keep or change them.
	Score(ctx context.Context, c []*big.Rat) (Score, error)
}

// Score is how good a soup is.
type Score struct {
	Value float64
	Error float64 // its standard error; 0 if it is not known
	// Parts are what Value is the mean of, see [Mean]: the same things measured for
	// every soup, as the losses of the tokens of a text; nil if they are not known.
	Parts []float64
}

// Mean returns the score that is the mean of one part or more.
func Mean(parts []float64) Score {
	m := text.Mean(parts)
	return Score{m.Value, m.Error, parts}
}

// check refuses what is not a score, or cannot be compared with others, which have
// so many parts; −1 if there are none.
func (s *Score) check(parts int) error {
	switch {
	case math.IsNaN(s.Value) || math.IsInf(s.Value, 0):
		return fmt.Errorf("found a score of %v, expected a finite number", s.Value)
	case !(s.Error >= 0) || math.IsInf(s.Error, 0):
		return fmt.Errorf("found %v as the error of a score, expected a finite number that is not negative", s.Error)
	case parts >= 0 && len(s.Parts) != parts:
		return fmt.Errorf("found a score of %d parts, expected %d as in the others", len(s.Parts), parts)
	case s.Parts != nil:
		if m := text.Mean(s.Parts); m != (text.Stat{Value: s.Value, Error: s.Error}) {
			return fmt.Errorf("found a score of %v ± %v, expected %v ± %v, the mean of its parts", s.Value, s.Error, m.Value, m.Error)
		}
	}
	return nil
}

// better returns by how much a score is better than another, and the standard
// error of that; 0 if it is not known.
func (o *Options) better(s, than *Score) text.Stat {
	d := text.Stat{Value: than.Value - s.Value}
	if o.Maximize {
		d.Value = s.Value - than.Value
	}
	if s.Parts != nil {
		d.Error = text.Difference(s.Parts, than.Parts).Error
	}
	return d
}
