package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// install renames what is staged into place. It returns the directory to which
// old contents were moved, if there is one besides the staging directory.
func (o *Output) install() (old string, err error) {
	switch o.kind {
	case single:
		if o.force {
			return "", o.moved(o.dst, sys.rename(o.Staged(""), o.dst))
		}
		return "", o.moved(o.dst, sys.noReplace(o.Staged(""), o.dst))
	case directory:
		return o.installDir()
	}
	return o.installSet()
}

// moved words the error of a rename to path.
func (o *Output) moved(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	return fmt.Errorf("%s: cannot be put in place: %w", path, cause(err))
}

func (o *Output) installDir() (old string, err error) {
	if !o.force || !exists(o.dst) {
		return "", o.moved(o.dst, sys.noReplace(o.stage, o.dst))
	}
	err = sys.exchange(o.stage, o.dst) // the old contents are now in the staging directory
	if !errors.Is(err, errors.ErrUnsupported) {
		return "", o.moved(o.dst, err)
	}
	aside, err := makeSibling(o.parent, filepath.Base(o.dst), ".old")
	if err != nil {
		return "", err
	}
	var u undo
	defer u.unless(&err)
	u.add(func() error { return sys.removeAll(aside) })
	if err := o.move(&u, o.dst, filepath.Join(aside, "old"), o.dst); err != nil {
		return "", err
	}
	return aside, o.move(&u, o.stage, o.dst, o.dst)
}

// installSet takes the first file of an old set away before anything else and
// puts the new first file in place after everything else. The directory is
// flushed around these two renames, so that they keep their order on disk.
func (o *Output) installSet() (old string, err error) {
	var u undo
	defer u.unless(&err)
	aside := ""
	for i, name := range o.names {
		dst := o.final(name)
		if !o.force || !exists(dst) {
			continue
		}
		if aside == "" {
			if aside, err = makeSibling(o.parent, o.names[0], ".old"); err != nil {
				return "", err
			}
			u.add(func() error { return sys.removeAll(aside) })
		}
		if err := o.move(&u, dst, filepath.Join(aside, name), dst); err != nil {
			return "", err
		}
		if i == 0 {
			if err := syncDir(o.parent); err != nil {
				return "", err
			}
		}
	}
	for i := range o.names {
		name := o.names[(i+1)%len(o.names)]
		if i > 0 && i == len(o.names)-1 {
			if err := syncDir(o.parent); err != nil {
				return "", err
			}
		}
		if err := o.move(&u, o.Staged(name), o.final(name), o.final(name)); err != nil {
			return "", err
		}
	}
	return aside, nil
}

// move renames without replacing and notes in u how to take it back; name is
// what an error speaks of.
func (o *Output) move(u *undo, from, to, name string) error {
	if err := o.moved(name, sys.noReplace(from, to)); err != nil {
		return err
	}
	u.add(func() error {
		if err := sys.noReplace(to, from); err != nil {
			return fmt.Errorf("%s was left at %s: %w", from, to, cause(err))
		}
		return nil
	})
	return nil
}

// undo is a list of steps that take others back.
type undo struct{ steps []func() error }

func (u *undo) add(f func() error) { u.steps = append(u.steps, f) }

// unless takes all back, the last step first, if *err is set. It stops at the
// first step that fails, which keeps what could not be restored from being
// removed, and adds that to *err.
func (u *undo) unless(err *error) {
	if *err == nil {
		return
	}
	for i := len(u.steps) - 1; i >= 0; i-- {
		if e := u.steps[i](); e != nil {
			*err = fmt.Errorf("%w; %w", *err, e)
			return
		}
	}
}
