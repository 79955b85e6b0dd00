package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

var errDone = errors.New("the output was already committed or aborted")

// Commit makes every file durable and puts the output in place. When it fails
// the destination is what it was before, except where the error says otherwise,
// and Abort still has to be called.
//
// An error from flushing is final: the system reports a failed write once, and
// a second attempt would seem to succeed.
func (o *Output) Commit() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return errDone
	}
	if err := o.complete(); err != nil {
		return err
	}
	for _, s := range o.files {
		if err := o.flush(s); err != nil {
			return fmt.Errorf("%s: %w", o.final(s.name), cause(err))
		}
	}
	if o.kind == directory {
		for _, d := range o.dirs() {
			if err := syncDir(d); err != nil {
				return err
			}
		}
	}
	o.root.Close() // an open directory cannot be renamed on Windows
	old, err := o.install()
	if err != nil {
		return err
	}
	o.done = true
	return o.sweep(old)
}

// Abort removes what has been written. It does nothing after a successful
// Commit and may be called more than once.
func (o *Output) Abort() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return
	}
	o.done = true
	for _, s := range o.files {
		s.f.Close()
	}
	o.root.Close()
	os.RemoveAll(o.stage)
}

// complete checks that all that was announced is there.
func (o *Output) complete() error {
	switch {
	case o.kind == single && len(o.files) == 0:
		return fmt.Errorf("%s: nothing was written", o.dst)
	case o.kind == set && len(o.files) != len(o.names):
		return fmt.Errorf("%s: found %d files of a set, expected %d", o.dst, len(o.files), len(o.names))
	}
	for _, s := range o.files {
		fi, err := o.root.Lstat(s.name)
		if err != nil {
			return fmt.Errorf("%s: %w", o.final(s.name), cause(err))
		}
		if s.size >= 0 && fi.Size() != s.size {
			return fmt.Errorf("%s: found %d bytes written, expected %d", o.final(s.name), fi.Size(), s.size)
		}
	}
	return nil
}

// flush makes one file durable and closes it.
func (o *Output) flush(s *staged) error {
	err := sys.sync(s.f)
	if errors.Is(err, os.ErrClosed) {
		// The caller closed it: any descriptor of the file serves.
		f, err := o.root.OpenFile(s.name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		s.f = f
		return errors.Join(sys.sync(f), f.Close())
	}
	if err != nil {
		return err
	}
	return s.f.Close()
}

// dirs lists the staging directory and those in it, the deepest first.
func (o *Output) dirs() []string {
	seen := map[string]bool{".": true}
	for _, s := range o.files {
		for d := path.Dir(s.name); !seen[d]; d = path.Dir(d) {
			seen[d] = true
		}
	}
	var all []string
	for d := range seen {
		all = append(all, o.Staged(d))
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	return all
}

// sweep makes the renames durable and removes what they left: the staging
// directory of a file, the old contents of what was replaced.
func (o *Output) sweep(old string) error {
	if err := syncDir(o.parent); err != nil {
		return fmt.Errorf("%s: it is in place, but may not survive a power failure: %w", o.dst, err)
	}
	for _, p := range []string{o.stage, old} {
		if p == "" {
			continue
		}
		if err := sys.removeAll(p); err != nil {
			return fmt.Errorf("%s: it is in place, but %s could not be removed: %w", o.dst, p, cause(err))
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// syncDir makes the entries of a directory durable, where directories can be
// flushed.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	defer d.Close()
	if err := sys.syncDir(d); err != nil {
		return fmt.Errorf("%s: %w", filepath.Clean(path), cause(err))
	}
	return nil
}
