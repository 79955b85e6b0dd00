package olmo

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"olmotool/formats"
)

// maxBeside bounds a file beside the weights, and how much of a config is read:
// the largest, a tokenizer.json, has some 10 MB.
const maxBeside = 64 << 20

// Beside reads files of one directory. The zero value has none.
type Beside struct{ Dir string }

// Read returns the contents of a file; the error is fs.ErrNotExist when there
// is none. The name must not lead out of the directory.
func (b Beside) Read(name string) ([]byte, error) {
	if b.Dir == "" || !filepath.IsLocal(name) {
		return nil, fs.ErrNotExist
	}
	return readBounded(filepath.Join(b.Dir, name))
}

// Has reports whether there is a regular file of that name.
func (b Beside) Has(name string) bool {
	if b.Dir == "" || !filepath.IsLocal(name) {
		return false
	}
	fi, err := os.Stat(filepath.Join(b.Dir, name))
	return err == nil && fi.Mode().IsRegular()
}

// ListDir returns the names of the files in a directory below, sorted; the error
// is fs.ErrNotExist when there is none.
func (b Beside) ListDir(dir string) ([]string, error) {
	if b.Dir == "" || !filepath.IsLocal(dir) {
		return nil, fs.ErrNotExist
	}
	// What is no directory must not be opened: a named pipe would block.
	if fi, err := os.Stat(filepath.Join(b.Dir, dir)); err != nil || !fi.IsDir() {
		return nil, fs.ErrNotExist
	}
	es, err := os.ReadDir(filepath.Join(b.Dir, dir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range es {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readBounded reads a small regular file.
func readBounded(path string) ([]byte, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, notFound(err)
	}
	defer f.Close()
	if size > maxBeside {
		return nil, formats.Errorf(path, "", "found %d bytes, expected at most %d", size, maxBeside)
	}
	// One byte more than allowed shows a file that grows while it is read.
	b, err := io.ReadAll(io.LimitReader(f, maxBeside+1))
	if err == nil && len(b) > maxBeside {
		err = formats.Errorf(path, "", "found more than %d bytes while reading, expected at most that many", maxBeside)
	}
	return b, err
}

// notFound words an error of the file system like all others: the path first.
func notFound(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return formats.Errorf(pe.Path, "", "%w", pe.Err)
	}
	return err
}
