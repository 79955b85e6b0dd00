package formats

import (
	"errors"
	"fmt"
	"os"
)

// Error is the report of input that cannot be read as what it claims to be. It
// prints as "FILE: PLACE: found …, expected …".
type Error struct {
	File  string // path as the user gave it, or found below it
	Place string // where in the file: "header", "tensor \"x\"", "byte 17"; may be empty
	Msg   string // what was found, what was expected
	Err   error  // the cause, or nil
}

// Errorf returns an *Error; a %w verb in format sets its cause.
func Errorf(file, place, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{File: file, Place: place, Msg: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string {
	if e.Place == "" {
		return e.File + ": " + e.Msg
	}
	return e.File + ": " + e.Place + ": " + e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// OpenRegular opens a file for reading after making sure that it is a regular
// file, so that a FIFO does not block and a directory has its own message, and
// returns its size.
func OpenRegular(path string) (*os.File, int64, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !fi.Mode().IsRegular() {
		return nil, 0, Errorf(path, "", "found %s, expected a regular file", kind(fi.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	// The name may have been replaced in between: what counts is what was opened.
	if fi, err = f.Stat(); err == nil && !fi.Mode().IsRegular() {
		err = Errorf(path, "", "found %s, expected a regular file", kind(fi.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

func kind(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&os.ModeNamedPipe != 0:
		return "a named pipe"
	case m&os.ModeSocket != 0:
		return "a socket"
	case m&os.ModeDevice != 0:
		return "a device"
	default:
		return "a special file"
	}
}
