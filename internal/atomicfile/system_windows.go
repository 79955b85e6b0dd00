package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// renameNoReplace leaves out the flag with which the system would replace.
func renameNoReplace(from, to string) error {
	a, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	b, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(a, b, windows.MOVEFILE_WRITE_THROUGH)
}

func renameExchange(string, string) error { return errors.ErrUnsupported }

func reserve(*os.File, int64) error { return nil }

func freeBytes(string) (int64, bool) { return 0, false }

// flushDir does nothing: directories cannot be flushed here.
func flushDir(*os.File) error { return nil }
