package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// system is the part of the operating system on which the promises of this
// package rest. Tests make its calls fail one by one.
type system struct {
	mkdir     func(path string, perm fs.FileMode) error
	create    func(root *os.Root, name string) (*os.File, error)
	reserve   func(f *os.File, size int64) error // space for size bytes, where that can be asked for
	sync      func(f *os.File) error
	syncDir   func(d *os.File) error
	rename    func(from, to string) error // replaces a file
	noReplace func(from, to string) error // fails with fs.ErrExist
	exchange  func(a, b string) error     // fails with errors.ErrUnsupported
	removeAll func(path string) error
}

var sys = system{
	mkdir:     os.Mkdir,
	create:    create,
	reserve:   reserve,
	sync:      (*os.File).Sync,
	syncDir:   flushDir,
	rename:    os.Rename,
	noReplace: renameNoReplace,
	exchange:  renameExchange,
	removeAll: os.RemoveAll,
}

// portableNoReplace renames without replacing where no single call does it. A
// file is linked under its new name, which fails if that is taken. For
// directories, and for files where there are no links, there is a moment
// between looking and renaming; for directories it is harmless, because rename
// replaces none but an empty one.
func portableNoReplace(from, to string) error {
	if fi, err := os.Lstat(from); err != nil {
		return err
	} else if fi.Mode().IsRegular() {
		if err = os.Link(from, to); err == nil {
			return os.Remove(from)
		} else if errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if exists(to) {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}
