package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func renameNoReplace(from, to string) error {
	err := unix.RenamexNp(from, to, unix.RENAME_EXCL)
	if errors.Is(err, errors.ErrUnsupported) {
		return portableNoReplace(from, to)
	}
	return err
}

func renameExchange(a, b string) error { return unix.RenamexNp(a, b, unix.RENAME_SWAP) }

func reserve(*os.File, int64) error { return nil }

func freeBytes(string) (int64, bool) { return 0, false }

func flushDir(d *os.File) error { return d.Sync() }
