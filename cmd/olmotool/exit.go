package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"olmotool/convert"
	"olmotool/internal/atomicfile"
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
  4    environment: disk full, no permission
  130  interrupted`

// exitCode classifies an error of a command that had started.
func exitCode(err error) int {
	var (
		usage  *convert.UsageError
		verify *convert.VerifyError
		errno  syscall.Errno
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &verify):
		return exitNo
	case errors.As(err, &usage), errors.Is(err, atomicfile.ErrExists):
		return exitUsage
	case errors.Is(err, fs.ErrPermission):
		return exitEnvironment
	case errors.As(err, &errno):
		switch errno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
			return exitEnvironment
		}
	}
	return exitInput
}

// printError writes the last line of stderr.
func printError(w io.Writer, err error) {
	msg := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) && msg == pe.Error() {
		msg = fmt.Sprintf("%s: %s: %v", pe.Path, pe.Op, pe.Err)
	}
	fmt.Fprintf(w, "error: %s\n", printable(msg))
}

// printable keeps what came from a file from steering the terminal: it leaves
// one line of visible characters.
func printable(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && strconv.IsPrint(r)
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRune(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
