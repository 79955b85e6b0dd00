package search

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Command scores a soup by a command that is given its path: the score is the
// last number that it prints.
type Command struct {
	// Line is run by the shell, sh, after {} and {dir} in it were replaced by the
	// path, quoted; the environment has it as OLMOTOOL_CANDIDATE.
	Line string
	// Timeout is how long one run may take; 0: as long as it likes.
	Timeout time.Duration
	// Write writes the soup of some coefficients, and returns its path and what
	// removes it.
	Write func(ctx context.Context, c []*big.Rat) (path string, remove func() error, err error)
}

// CommandError is a command that failed, or whose output has no score.
type CommandError struct{ Err error }

func (e *CommandError) Error() string { return e.Err.Error() }

func (e *CommandError) Unwrap() error { return e.Err }

const (
	// maxCommandOutput is how much of the end of the output is looked at.
	maxCommandOutput = 64 << 10
	// pipeDelay is how long the output may stay open after the command ended, by
	// what it left running.
	pipeDelay = 5 * time.Second
)

// Identity says in a line what scores depend on besides the soup. It cannot know
// what files the command reads.
func (x *Command) Identity() string { return "command " + x.Line }

// Score writes the soup, runs the command and removes the soup.
func (x *Command) Score(ctx context.Context, c []*big.Rat) (score Score, err error) {
	path, remove, err := x.Write(ctx, c)
	if err != nil {
		return Score{}, err
	}
	defer func() {
		if e := remove(); err == nil {
			err = e
		}
	}()
	out, err := x.run(ctx, path)
	if err == nil {
		score.Value, err = lastNumber(out)
	}
	if err != nil && ctx.Err() == nil {
		err = &CommandError{err}
	}
	return score, err
}

// run returns the end of what the command printed.
func (x *Command) run(ctx context.Context, path string) (string, error) {
	limited, cancel := ctx, func() {}
	if x.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, x.Timeout)
	}
	defer cancel()
	q := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	cmd := exec.CommandContext(limited, "sh", "-c", strings.NewReplacer("{}", q, "{dir}", q).Replace(x.Line))
	cmd.Env = append(os.Environ(), "OLMOTOOL_CANDIDATE="+path)
	var stdout, stderr tail
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = pipeDelay
	endWhole(cmd)
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("found no score after %v, expected one within that time", x.Timeout)
	case err != nil:
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
			err = fmt.Errorf("%w: %.300s", err, last)
		}
		return "", fmt.Errorf("the command failed: %w", err)
	}
	return stdout.String(), nil
}

// lastNumber returns the last number of an output. A word that is not a number is
// passed over; NaN and infinities are numbers, and refused.
func lastNumber(out string) (float64, error) {
	words := strings.FieldsFunc(out, func(r rune) bool {
		return r > 127 || r < '0' && !strings.ContainsRune("+-.", r) || strings.ContainsRune(`:;<=>?@[\]^{|}~`+"`", r)
	})
	for i := len(words) - 1; i >= 0; i-- {
		x, err := strconv.ParseFloat(strings.TrimRight(words[i], "."), 64)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			continue
		case math.IsNaN(x) || math.IsInf(x, 0):
			return 0, fmt.Errorf("found %.40q as the last number that the command printed, expected a finite one", words[i])
		}
		return x, nil
	}
	return 0, errors.New("found no number in what the command printed, expected one, the score, at its end")
}

// tail keeps the end of what is written.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	n, _ := t.Buffer.Write(p)
	if t.Len() > 2*maxCommandOutput {
		t.Next(t.Len() - maxCommandOutput)
	}
	return n, nil
}
