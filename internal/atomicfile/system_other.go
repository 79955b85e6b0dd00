//go:build !linux && !darwin && !windows

package atomicfile

import (
	"errors"
	"os"
)

func renameNoReplace(from, to string) error { return portableNoReplace(from, to) }

func renameExchange(string, string) error { return errors.ErrUnsupported }

func reserve(*os.File, int64) error { return nil }

func freeBytes(string) (int64, bool) { return 0, false }

func flushDir(d *os.File) error { return d.Sync() }
