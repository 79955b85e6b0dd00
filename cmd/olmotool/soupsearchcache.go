package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup/search"
)

// cached keeps scores in a file.
func (s *searching) cached(ctx context.Context, m *olmo.Model, scorer search.Scorer, identity string) (search.Scorer, error) {
	if err := s.cacheInOutput(); err != nil {
		return nil, err
	}
	cache, err := search.OpenCache(s.search.cache)
	if known := (*formats.Error)(nil); err != nil && !errors.As(err, &known) {
		return nil, usageError("--cache: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if m, err = convert.Stored(m, s.o); err != nil {
		return nil, err
	}
	x := &search.Cached{Scorer: scorer, Cache: cache, Of: search.Identity{Scorer: identity}}
	if x.Of.Soup, err = soupIdentity(m); err != nil {
		return nil, err
	}
	if s.search.command != "" { // reads files
		x.Of.Soup += " " + s.o.To + filepath.Ext(s.o.Dst)
	}
	for i := range s.pot.names {
		d, err := s.pot.digest(ctx, i, &s.o)
		if err != nil {
			return nil, err
		}
		x.Of.Models = append(x.Of.Models, d)
	}
	return x, nil
}

// cacheInOutput refuses a file of scores that the output would replace.
func (s *searching) cacheInOutput() error {
	file, err := filepath.Abs(s.search.cache)
	if err != nil {
		return err
	}
	out, err := filepath.Abs(s.o.Dst)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(out, file); err == nil && filepath.IsLocal(rel) {
		return usageError("--cache: found %s, which the output replaces, expected another place", s.search.cache)
	}
	return nil
}

// soupIdentity is what soups have in common: config, names, types and shapes.
func soupIdentity(m *olmo.Model) (string, error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	if m.Config != nil {
		c := *m.Config
		c.HF = nil
		if err := e.Encode(c); err != nil {
			return "", err
		}
	}
	for _, t := range m.Tensors {
		if err := e.Encode([]any{t.Name, t.DType.String(), t.Shape}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil)), nil
}
