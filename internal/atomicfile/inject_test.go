package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// faults makes calls of the system fail: the n-th one, or from there on all.
type faults struct {
	n     int
	after bool
	calls int
	err   error
	log   []string // what was called, as "sync dst/x-1"
}

// random is the part of a temporary name that differs each time.
var random = regexp.MustCompile(`[A-Z2-7]{12}`)

func (f *faults) hit(op, path string) error {
	f.calls++
	f.log = append(f.log, op+" "+random.ReplaceAllString(path, "R"))
	if f.calls == f.n || (f.after && f.calls > f.n) {
		return &os.PathError{Op: op, Path: path, Err: f.err}
	}
	return nil
}

// inject puts f before every call of real.
func (f *faults) inject(real system) system {
	two := func(op string, call func(a, b string) error) func(a, b string) error {
		return func(a, b string) error {
			if err := f.hit(op, a+" "+b); err != nil {
				return err
			}
			return call(a, b)
		}
	}
	file := func(op string, call func(*os.File) error) func(*os.File) error {
		return func(x *os.File) error {
			if err := f.hit(op, x.Name()); err != nil {
				return err
			}
			return call(x)
		}
	}
	return system{
		mkdir: func(p string, m fs.FileMode) error {
			if err := f.hit("mkdir", p); err != nil {
				return err
			}
			return real.mkdir(p, m)
		},
		create: func(r *os.Root, n string) (*os.File, error) {
			if err := f.hit("create", filepath.Join(r.Name(), n)); err != nil {
				return nil, err
			}
			return real.create(r, n)
		},
		reserve: func(x *os.File, n int64) error {
			if err := f.hit("reserve", x.Name()); err != nil {
				return err
			}
			return real.reserve(x, n)
		},
		sync:      file("sync", real.sync),
		syncDir:   file("sync", real.syncDir),
		rename:    two("replace", real.rename),
		noReplace: two("rename", real.noReplace),
		exchange:  two("exchange", real.exchange),
		removeAll: func(p string) error {
			if err := f.hit("remove", p); err != nil {
				return err
			}
			return real.removeAll(p)
		},
	}
}
