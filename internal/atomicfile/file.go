package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"olmotool/internal/human"
)

// staged is a file in the staging directory.
type staged struct {
	name string // slash-separated, relative to the staging directory
	size int64  // as announced; negative if unknown
	f    *os.File
}

// File makes a file of the output. The name is slash-separated and relative to
// the output, each element of it an ordinary name; missing directories are made. For
// the output of one file the name is empty, for a set it is one of the set.
//
// Space for size bytes is reserved at once, where the file system can, so that
// a full disk is found before the work is done; the file must have exactly that
// size at Commit. A negative size means that it is not known.
//
// The file stays open until Commit or Abort, which close it; a caller may close
// it before.
func (o *Output) File(name string, size int64) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil, errDone
	}
	switch {
	case o.kind == single && name == "":
		name = filepath.Base(o.dst)
	case o.kind == single:
		return nil, fmt.Errorf("%s: found the file name %q, expected none in an output of one file", o.dst, name)
	case !fs.ValidPath(name) || name == "." || !filepath.IsLocal(filepath.FromSlash(name)):
		return nil, fmt.Errorf("%s: found the file name %q, expected a relative path without \".\" and \"..\"", o.dst, name)
	case o.kind == set && !slices.Contains(o.names, name):
		return nil, fmt.Errorf("%s: the file %q is not one of the set", o.dst, name)
	}
	f, err := sys.create(o.root, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.final(name), cause(err))
	}
	o.files = append(o.files, &staged{name, size, f})
	if size > 0 {
		if err := sys.reserve(f, size); err != nil {
			return nil, o.noRoom(name, size, err)
		}
	}
	return f, nil
}

// Staged returns the path at which the file of that name can be read before
// Commit; for the name "" the staged file or directory as a whole.
func (o *Output) Staged(name string) string {
	if name == "" && o.kind == single {
		name = filepath.Base(o.dst)
	}
	return filepath.Join(o.stage, filepath.FromSlash(name))
}

// final is the path that a file will have.
func (o *Output) final(name string) string {
	if o.kind == single {
		return o.dst
	}
	return filepath.Join(o.dst, filepath.FromSlash(name))
}

// create makes a file and the directories above it. The umask decides about
// permissions, as for any new file.
func create(root *os.Root, name string) (*os.File, error) {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// noRoom explains a failed reservation.
func (o *Output) noRoom(name string, size int64, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		if free, ok := freeBytes(o.stage); ok && free < size {
			return fmt.Errorf("%s: found %s free, expected %s: %w", o.final(name), human.Bytes(free), human.Bytes(size), err)
		}
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%s: %s is more than the file system or a limit allows for one file: %w", o.final(name), human.Bytes(size), err)
	}
	return fmt.Errorf("%s: reserving %s: %w", o.final(name), human.Bytes(size), err)
}
