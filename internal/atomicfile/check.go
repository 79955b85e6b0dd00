package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// check refuses a destination that must not be replaced.
func check(path string, k kind, o Options) error {
	fi, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", path, cause(err))
	case !o.Force:
		return fmt.Errorf("%s: %w", path, ErrExists)
	case fi.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s: found a symbolic link, which is not replaced: name what it points to", path)
	case k == directory && !fi.IsDir():
		return fmt.Errorf("%s: found a file, expected a directory to replace", path)
	case k != directory && fi.IsDir():
		return fmt.Errorf("%s: found a directory, expected a file to replace", path)
	case k != directory && !fi.Mode().IsRegular():
		return fmt.Errorf("%s: found a special file, expected a regular file to replace", path)
	}
	if k == directory {
		if cwd, err := os.Getwd(); err == nil && holds(fi, cwd) {
			return fmt.Errorf("%s: found the working directory or one that holds it, which is not replaced", path)
		}
	}
	for _, p := range o.Protect {
		if holds(fi, p) {
			return fmt.Errorf("%s: replacing it would destroy the source %s", path, p)
		}
	}
	return nil
}

// holds reports whether path is the file or directory fi, or lies below it,
// as the names are written or after following symbolic links.
func holds(fi fs.FileInfo, path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	paths := []string{abs}
	if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
		paths = append(paths, real)
	}
	for _, p := range paths {
		for {
			if q, err := os.Stat(p); err == nil && os.SameFile(fi, q) {
				return true
			}
			up := filepath.Dir(p)
			if up == p {
				break
			}
			p = up
		}
	}
	return false
}
