package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup"
	"olmotool/soup/search"
	"olmotool/verify/text"
)

// searchBudget is how many bytes of weights a scored soup may hold.
const searchBudget = 96 << 20

// searching is a search for the coefficients of what is in a pot.
type searching struct {
	*soupFlags
	g      *global
	pot    *pot
	o      convert.Options
	start  func(stage string, total int64) func(int64)
	most   int // soups that are scored; 0: nobody knows
	number int // of the one that is scored
}

// find searches for coefficients, and makes them the recipe.
func (f *soupFlags) find(cmd *cobra.Command, g *global, p *pot, o convert.Options) error {
	n := len(p.names)
	if n < 2 {
		return usageError("found 1 model, expected at least two to find coefficients of")
	}
	strategy := f.search.strategies()[0]
	start, done := g.progress(cmd.ErrOrStderr())
	defer func() { done() }()
	s := &searching{soupFlags: f, g: g, pot: p, o: o, start: start, most: strategy.Most(n, f.search.Options)}
	s.o.Progress = func(stage string, total int64) func(int64) {
		if s.number > 0 {
			stage = s.evaluation() + ": " + stage
		}
		return start(stage, total)
	}
	scorer, identity, err := s.scorer(cmd)
	if err != nil {
		return err
	}
	r, err := strategy.Run(cmd.Context(), n, &announced{scorer, s}, f.search.Options)
	if failed := (*search.CommandError)(nil); errors.As(err, &failed) {
		return &lacking{"--eval-cmd: " + err.Error()}
	}
	if err != nil {
		return err
	}
	chosen := r.Trials[r.Chosen]
	p.recipe, p.search = weighted(chosen.Coefficients), f.search.doc(r, identity)
	return nil
}

// weighted is the recipe of a linear merge.
func weighted(c []*big.Rat) func([]string) (soup.Recipe, []formats.Finding, error) {
	return func([]string) (soup.Recipe, []formats.Finding, error) { return soup.Weighted(c, true), nil, nil }
}

// evaluation says which soup is scored.
func (s *searching) evaluation() string {
	if s.most == 0 {
		return fmt.Sprintf("soup %d", s.number)
	}
	return fmt.Sprintf("soup %d of at most %d", s.number, s.most)
}

// announced tells of each soup that is scored.
type announced struct {
	search.Scorer
	*searching
}

func (a *announced) Score(ctx context.Context, c []*big.Rat) (search.Score, error) {
	a.number++
	s, err := a.Scorer.Score(ctx, c)
	if err == nil {
		a.g.log.Info(a.evaluation(), "coefficients", search.Text(c), "score", s.Value, "error", s.Error)
	}
	return s, err
}

// scorer returns what scores soups, and what it is in a line. It makes sure that
// the mean can be made and written, because a search takes its time.
func (s *searching) scorer(cmd *cobra.Command) (scorer search.Scorer, identity string, err error) {
	ctx := cmd.Context()
	m, err := s.merged(ctx, s.o, uniform(len(s.pot.names)))
	if err != nil {
		return nil, "", err
	}
	if err := s.rehearse(ctx, m); err != nil {
		return nil, "", err
	}
	if c := s.search.command; c != "" {
		x := &search.Command{Line: c, Timeout: s.search.timeout, Write: s.write}
		scorer, identity = x, x.Identity()
	} else {
		x, err := s.loss(m, cmd.InOrStdin())
		if err != nil {
			return nil, "", err
		}
		scorer, identity = x, x.Identity()
	}
	if s.search.cache != "" {
		scorer, err = s.cached(ctx, m, scorer, identity)
	}
	return scorer, identity, err
}

func uniform(n int) []*big.Rat {
	c := make([]*big.Rat, n)
	for i := range c {
		c[i] = big.NewRat(1, int64(n))
	}
	return c
}

// merged returns the soup of some coefficients.
func (s *searching) merged(ctx context.Context, o convert.Options, c []*big.Rat) (*olmo.Model, error) {
	s.pot.recipe = weighted(c)
	if err := s.merge(ctx, s.pot, &o); err != nil {
		return nil, err
	}
	return s.pot.merged.Model, nil
}

// rehearse finds out what would be in the way of writing a soup.
func (s *searching) rehearse(ctx context.Context, m *olmo.Model) error {
	if fi, err := os.Stat(filepath.Dir(s.o.Dst)); err != nil {
		return usageError("--output: %w", err)
	} else if !fi.IsDir() {
		return usageError("--output: %s: found a file, expected a directory to write in", filepath.Dir(s.o.Dst))
	}
	o := s.o
	o.DryRun = true
	_, err := convert.Write(ctx, m, s.pot.inputs, o)
	return err
}

// loss returns the scorer by the loss on a text.
func (s *searching) loss(m *olmo.Model, stdin io.Reader) (*search.Loss, error) {
	if m.Config == nil {
		return nil, formats.Errorf(s.pot.inputs[0].Path, "", "found tensors with no model known (no config beside them), expected a model, which --text can run")
	}
	allowMemory(computing)
	t, err := openTokenizer(m.Source, s.o.TokenizerDir)
	if err != nil {
		return nil, err
	}
	from := s.search.text
	b, err := readText(from, stdin)
	if err != nil {
		return nil, err
	}
	if from == "-" {
		from = "stdin"
	}
	x := &search.Loss{
		Text:       text.Options{Name: from, Context: s.search.context, Threads: s.o.Threads, Progress: s.o.Progress},
		Arithmetic: s.search.arithmetic,
		Budget:     searchBudget,
		Soup: func(ctx context.Context, c []*big.Rat) (*olmo.Model, error) {
			m, err := s.merged(ctx, s.o, c)
			if err != nil {
				return nil, err
			}
			return convert.Stored(m, s.o)
		},
	}
	if x.Tokens, err = encode(t, b, from); err != nil {
		return nil, err
	}
	return x, text.Check(x.Tokens, x.Text, m.Config)
}

// write writes a soup for a command, beside the output, as the output will be.
func (s *searching) write(ctx context.Context, c []*big.Rat) (path string, remove func() error, err error) {
	o := s.o
	o.DryRun, o.Verify, o.VerifyForward, o.Provenance, o.NoHash = false, false, false, false, true
	m, err := s.merged(ctx, o, c)
	if err != nil {
		return "", nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(o.Dst))
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(dir, ".olmotool.*.tmp"); err != nil {
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	o.Dst = filepath.Join(dir, filepath.Base(o.Dst))
	r, err := convert.Write(ctx, m, s.pot.inputs, o)
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	path = o.Dst
	if _, err := os.Stat(path); err != nil {
		path = r.Output[0].Path // the first of a set
	}
	return path, remove, nil
}
