package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"olmotool/convert"
	"olmotool/internal/atomicfile"
	"olmotool/soup"
	"olmotool/verify"
)

// Exit codes, a contract with pipelines.
const (
	exitOK          = 0
	exitNo          = 1 // the answer is no: differs, not accepted
	exitUsage       = 2
	exitInput       = 3 // input unreadable or invalid
	exitEnvironment = 4 // disk full, no permission
	exitInterrupted = 130
)

const exitStatus = `
EXIT STATUS
  0    done, or yes
  1    the answer is no: not equal, not accepted
  2    usage: unknown flag, wrong argument, destination exists
  3    input cannot be read, or is not what it should be
  4    environment: disk full, no permission, no such device
  130  interrupted`

// exitCode classifies an error of a command that had started. What the system
// refuses comes first, whatever it was refused for.
func exitCode(err error) int {
	var (
		usage  *convert.UsageError
		asked  *verify.UsageError
		recipe *soup.UsageError
		proof  *convert.VerifyError
		output *convert.OutputError
		record *verify.OutputError
		no     *answer
		lacks  *lacking
		errno  syscall.Errno
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, fs.ErrPermission), errors.As(err, &errno) && slices.Contains(environment, errno):
		return exitEnvironment
	case errors.Is(err, atomicfile.ErrExists), errors.As(err, &usage), errors.As(err, &asked), errors.As(err, &recipe):
		return exitUsage
	case errors.As(err, &record) && !errors.As(err, &errno), errors.As(err, &record) && errors.Is(err, fs.ErrNotExist):
		return exitUsage // a destination that cannot be made
	case errors.As(err, &output), errors.As(err, &record), errors.As(err, &lacks):
		return exitEnvironment
	case errors.As(err, &proof), errors.As(err, &no):
		return exitNo
	}
	return exitInput
}

// usageError is an error in how a command was called.
func usageError(format string, args ...any) error {
	return &convert.UsageError{Err: fmt.Errorf(format, args...)}
}

// inFlag names the flag that an error in options of package verify is about: it
// has the option's name.
func inFlag(err error) error {
	if asked := (*verify.UsageError)(nil); errors.As(err, &asked) {
		return usageError("--%w", asked.Err)
	}
	return err
}

// answer is no, after the command has printed what it found. It is not an error:
// stderr's last line says it in its own words.
type answer struct{ text string }

func (a *answer) Error() string { return a.text }

// lacking is something that this machine or this build does not have.
type lacking struct{ text string }

func (l *lacking) Error() string { return l.text }

// printError writes the last line of stderr.
func printError(w io.Writer, err error) {
	msg := err.Error()
	if no := (*answer)(nil); errors.As(err, &no) {
		fmt.Fprintln(w, shorten(printable(msg), maxMessage))
		return
	}
	if errors.Is(err, context.Canceled) {
		msg = "interrupted"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		// The operation is of no interest: "open x: no such file" is "x: no such file".
		msg = strings.Replace(msg, pe.Error(), fmt.Sprintf("%s: %v", pe.Path, pe.Err), 1)
	}
	// Of an unknown command cobra says on further lines what is like it.
	if first, like, ok := strings.Cut(msg, "\n\nDid you mean this?"); ok {
		msg = fmt.Sprintf("%s, did you mean %s?", first, strings.Join(strings.Fields(like), " or "))
	}
	fmt.Fprintf(w, "error: %s\n", shorten(printable(msg), maxMessage))
}
