//go:build unix

package search

import (
	"context"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLastNumber(t *testing.T) {
	for _, c := range []struct {
		out  string
		want float64
	}{
		{"0.5\n", 0.5},
		{"step 10: loss 2.5", 2.5},
		{`{"acc": 0.25, "n": 3}`, 3},
		{"perplexity=1e1 (done in 3s)", 10},
		{"acc: 53.1%\n", 53.1},
		{"It is 7.", 7},
		{"-0.5\r\nbye", -0.5},
		{"5.25 ± 0.125", 0.125},
		{"|acc|0.75|", 0.75},
	} {
		if got, err := lastNumber(c.out); err != nil || got != c.want {
			t.Errorf("%q: found %v, %v, want %v", c.out, got, err, c.want)
		}
	}
	for _, out := range []string{"", "none", "1 nan", "0.5 inf", "1e999", "-Infinity", "v1.2.3"} {
		if got, err := lastNumber(out); err == nil {
			t.Errorf("%q: found %v", out, got)
		}
	}
}

// written is a command whose candidates are files, with a name that needs quoting.
func written(t *testing.T, line string) *Command {
	dir := t.TempDir()
	return &Command{Line: line, Write: func(_ context.Context, c []*big.Rat) (string, func() error, error) {
		path := filepath.Join(dir, "it's a $(soup)")
		return path, func() error { return os.Remove(path) }, os.WriteFile(path, []byte(Text(c)), 0o666)
	}}
}

func TestCommand(t *testing.T) {
	c := []*big.Rat{big.NewRat(3, 4), big.NewRat(1, 4)}
	for _, line := range []string{
		`cut -c 1 {}`,
		`cut -d / -f 1 < {dir} && test "$OLMOTOOL_CANDIDATE" = {}`,
		`test -f "$OLMOTOOL_CANDIDATE" && echo 3`,
		`yes | head -n 300000; cut -c 1 {}`,
	} {
		x := written(t, line)
		s, err := x.Score(t.Context(), c)
		if err != nil || s.Value != 3 || s.Parts != nil || s.Error != 0 {
			t.Errorf("%s: found %v, %v", line, s, err)
		}
	}
	for _, f := range []struct{ line, want string }{
		{"echo 1; exit 3", "the command failed: exit status 3"},
		{"echo first >&2; echo last >&2; echo >&2; exit 1", "the command failed: exit status 1: last"},
		{"echo", "found no number in what the command printed"},
		{"echo nan", `found "nan" as the last number`},
		{"kill -9 $$", "the command failed: signal: killed"},
		{"(", "the command failed: exit status 2: "},
	} {
		x := written(t, f.line)
		_, err := x.Score(t.Context(), c)
		if failed := new(*CommandError); !errors.As(err, failed) || !strings.HasPrefix(err.Error(), f.want) {
			t.Errorf("%s: found %v, want %s", f.line, err, f.want)
		}
	}
}

// What takes too long is ended with all that it started, and so is what is
// interrupted; the candidate is removed.
func TestCommandEnds(t *testing.T) {
	began := time.Now()
	x := written(t, "sleep 60 & sleep 60; echo 1")
	x.Timeout = 50 * time.Millisecond
	_, err := x.Score(t.Context(), nil)
	if failed := new(*CommandError); !errors.As(err, failed) || err.Error() != "found no score after 50ms, expected one within that time" {
		t.Errorf("found %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	x.Timeout = time.Hour
	_, err = x.Score(ctx, nil)
	if failed := new(*CommandError); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, failed) {
		t.Errorf("found %v, want the end of the context", err)
	}
	if d := time.Since(began); d > 4*time.Second {
		t.Errorf("the ends took %v", d)
	}
}

// The candidate is there while the command runs, and no longer.
func TestCommandRemoves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soup")
	for _, line := range []string{"echo 1", "exit 1"} {
		x := &Command{Line: line, Write: func(context.Context, []*big.Rat) (string, func() error, error) {
			return path, func() error { return os.Remove(path) }, os.WriteFile(path, nil, 0o666)
		}}
		x.Score(t.Context(), nil)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the candidate is still there", line)
		}
	}
	broken := errors.New("broken")
	x := &Command{Line: "echo 1", Write: func(context.Context, []*big.Rat) (string, func() error, error) {
		return path, func() error { return broken }, nil
	}}
	if _, err := x.Score(t.Context(), nil); !errors.Is(err, broken) {
		t.Errorf("found %v, want that it cannot be removed", err)
	}
}
