package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
)

// Identity is what scores depend on besides coefficients.
type Identity struct {
	// Models are the content digests of the models, in the order of coefficients.
	Models []string
	// Soup is what else the soup is made by: config, element types, layout.
	Soup string
	// Scorer is what scores it, [Loss.Identity] or [Command.Identity].
	Scorer string
}

// key returns the key of a score. A linear merge is exact, so neither the order of
// the models nor those that do not count change it.
func (id *Identity) key(c []*big.Rat) string {
	var of []string
	for i, x := range c {
		if x.Sign() != 0 {
			of = append(of, id.Models[i]+" "+x.RatString())
		}
	}
	slices.Sort(of)
	h := sha256.New()
	for _, s := range append([]string{id.Soup, id.Scorer}, of...) {
		fmt.Fprintf(h, "%d %s\n", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Cached takes scores from a cache that has them, and puts others into it.
type Cached struct {
	Scorer
	Cache *Cache
	Of    Identity
	Hits  int // how many it had
}

// Score scores a soup, once.
func (x *Cached) Score(ctx context.Context, c []*big.Rat) (Score, error) {
	key := x.Of.key(c)
	if s, ok := x.Cache.scores[key]; ok {
		x.Hits++
		return s, nil
	}
	s, err := x.Scorer.Score(ctx, c)
	if err == nil {
		err = s.check(-1)
	}
	if err == nil {
		err = x.Cache.add(key, c, s)
	}
	return s, err
}
