package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/internal/atomicfile"
	"olmotool/soup"
	"olmotool/verify"
)

func TestExitCode(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("x: %w", err) }
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "p", Err: err} }
	input := func(err error) error { return formats.Errorf("f", "header", "%w", err) }
	usage := func(err error) error { return &convert.UsageError{Err: err} }
	proof := func(err error) error { return &convert.VerifyError{Err: err} }
	output := func(err error) error { return &convert.OutputError{Err: err} }
	asked := func(err error) error { return &verify.UsageError{Err: err} }
	record := func(err error) error { return &verify.OutputError{Err: err} }
	odd := errors.New("odd")
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, 0},
		{"proof", proof(input(odd)), 1},
		{"answer", wrap(&answer{"not accepted: x"}), 1},
		{"usage", wrap(usage(odd)), 2},
		{"exists", wrap(atomicfile.ErrExists), 2},
		{"exists at the last moment", output(wrap(atomicfile.ErrExists)), 2},
		{"no such parent", usage(path(syscall.ENOENT)), 2},
		{"options of verify", wrap(asked(odd)), 2},
		{"options of soup", formats.Errorf("r.yml", "", "%w", &soup.UsageError{Err: odd}), 2},
		{"logits exist", record(wrap(atomicfile.ErrExists)), 2},
		{"logits without a parent", record(path(syscall.ENOENT)), 2},
		{"logits refused", record(odd), 2},
		{"input", input(odd), 3},
		{"missing", path(syscall.ENOENT), 3},
		{"not a directory", input(path(syscall.ENOTDIR)), 3},
		{"unknown", odd, 3},
		{"permission to read", input(path(syscall.EACCES)), 4},
		{"permission to write", usage(path(syscall.EACCES)), 4},
		{"not permitted", usage(path(fs.ErrPermission)), 4},
		{"full", wrap(environment[0]), 4},
		{"full while verifying", proof(wrap(environment[1])), 4},
		{"bad disk", input(path(environment[len(environment)-1])), 4},
		{"rename", output(odd), 4},
		{"full while recording", record(path(environment[0])), 4},
		{"odd disk while recording", record(path(syscall.EINVAL)), 4},
		{"no such device", &lacking{"no cuda"}, 4},
		{"interrupted", wrap(context.Canceled), 130},
		{"interrupted while verifying", proof(context.Canceled), 130},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
}

func TestPrintError(t *testing.T) {
	var b strings.Builder
	if printError(&b, fmt.Errorf("x: %w", &answer{"not accepted: \x1b"})); b.String() != "x: not accepted: \\x1b\n" {
		t.Errorf("found %q for an answer", b.String())
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{formats.Errorf("a b", `tensor "x"`, "found %d, expected %d", 1, 2), `a b: tensor "x": found 1, expected 2`},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.ENOENT}, "p: no such file or directory"},
		{fmt.Errorf("q: %w", &fs.PathError{Op: "stat", Path: "p", Err: fs.ErrNotExist}), "q: p: file does not exist"},
		{errors.New("unknown command \"x\" for \"olmotool\"\n\nDid you mean this?\n\ta\n\tb\n\n"), `unknown command "x" for "olmotool", did you mean a or b?`},
		{errors.New("two\nlines\x1b[2J"), `two\nlines\x1b[2J`},
		{fmt.Errorf("x: %w", context.Canceled), "interrupted"},
		{errors.New("f: " + strings.Repeat("n", 1<<20) + ": expected less"), "f: " + strings.Repeat("n", maxMessage/2-3) + " … " + strings.Repeat("n", maxMessage/2-15) + ": expected less"},
	} {
		var b strings.Builder
		printError(&b, c.err)
		if got := b.String(); got != "error: "+c.want+"\n" {
			t.Errorf("found %q, want %q", got, c.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc … efg"},
		{"ööööö", 6, "ö … ö"}, // cuts no character
	} {
		if got := shorten(c.in, c.limit); got != c.want {
			t.Errorf("shorten(%q, %d): found %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

// A panic below a command is reported like any error, with the place.
func TestPanic(t *testing.T) {
	var errs strings.Builder
	code := execute(t.Context(), []string{"inspect", "random:tiny"}, nil, panicWriter{}, &errs)
	if code != exitInput || !strings.HasSuffix(errs.String(), "error: internal error, please report it: boom\n") || !strings.Contains(errs.String(), "panicWriter") {
		t.Errorf("code %d, stderr %s", code, errs.String())
	}
}

type panicWriter struct{}

func (panicWriter) Write([]byte) (int, error) { panic("boom") }
