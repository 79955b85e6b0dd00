package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestOrder holds the order of the calls on which durability rests: every file
// is flushed before it is renamed, every directory after it has changed.
func TestOrder(t *testing.T) {
	real := sys
	t.Cleanup(func() { sys = real })
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		create func() (*Output, error)
		files  []string
		want   []string
	}{
		{
			func() (*Output, error) { return Create("f", Options{}) },
			[]string{"f=1"},
			[]string{"sync .f.R.tmp/f", "rename .f.R.tmp/f f", "sync .", "remove .f.R.tmp"},
		},
		{
			func() (*Output, error) { return Create("f", Options{Force: true}) },
			[]string{"f=2"},
			[]string{"sync .f.R.tmp/f", "replace .f.R.tmp/f f", "sync .", "remove .f.R.tmp"},
		},
		{
			func() (*Output, error) { return CreateDir("d", Options{}) },
			[]string{"a=1", "s/t/b=1"},
			[]string{
				"sync .d.R.tmp/a", "sync .d.R.tmp/s/t/b", "sync .d.R.tmp/s/t", "sync .d.R.tmp/s", "sync .d.R.tmp",
				"rename .d.R.tmp d", "sync .", "remove .d.R.tmp",
			},
		},
		{
			func() (*Output, error) { return CreateDir("d", Options{Force: true}) },
			[]string{"a=2"},
			[]string{"sync .d.R.tmp/a", "sync .d.R.tmp", "exchange .d.R.tmp d", "sync .", "remove .d.R.tmp"},
		},
		{
			func() (*Output, error) { return CreateSet(".", []string{"1", "2"}, Options{}) },
			[]string{"1=1", "2=1"},
			[]string{"sync .1.R.tmp/1", "sync .1.R.tmp/2", "rename .1.R.tmp/2 2", "sync .", "rename .1.R.tmp/1 1", "sync .", "remove .1.R.tmp"},
		},
		{
			func() (*Output, error) { return CreateSet(".", []string{"1", "2"}, Options{Force: true}) },
			[]string{"1=2", "2=2"},
			[]string{
				"sync .1.R.tmp/1", "sync .1.R.tmp/2", "mkdir .1.R.old", "rename 1 .1.R.old/1", "sync .", "rename 2 .1.R.old/2",
				"rename .1.R.tmp/2 2", "sync .", "rename .1.R.tmp/1 1", "sync .", "remove .1.R.tmp", "remove .1.R.old",
			},
		},
	} {
		f := &faults{}
		sys = f.inject(real)
		out, err := c.create()
		if err := produce(out, err, c.files); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(f.log, func(s string) bool { return strings.HasPrefix(s, "sync") })
		if !slices.Equal(f.log[i:], c.want) {
			t.Errorf("found\n%q, want\n%q", f.log[i:], c.want)
		}
	}
}

// produce writes files named in want, as NAME=TEXT, through out.
func produce(out *Output, err error, want []string) error {
	if err != nil {
		return err
	}
	defer out.Abort()
	for _, w := range want {
		name, text, _ := strings.Cut(w, "=")
		if out.kind == single {
			name = ""
		}
		f, err := out.File(name, int64(len(text)))
		if err != nil {
			return err
		}
		if _, err := f.WriteString(text); err != nil {
			return err
		}
	}
	return out.Commit()
}

// TestFaults makes the n-th call fail, for every n, and every call from the
// n-th on: the destination must be as before or complete, and never a mixture.
func TestFaults(t *testing.T) {
	real := sys
	t.Cleanup(func() { sys = real })
	olds, news := []string{"x-1=old", "x-2=old", "x-3=old"}, []string{"x-1=new", "x-2=new", "x-3=new"}
	asFile := func(dst string, o Options) (*Output, error) { return Create(filepath.Join(dst, "x-1"), o) }
	asSet := func(dst string, o Options) (*Output, error) { return CreateSet(dst, []string{"x-1", "x-2", "x-3"}, o) }
	for _, c := range []struct {
		name       string
		create     func(dst string, o Options) (*Output, error)
		before     []string
		after      []string
		noExchange bool
	}{
		{"file", asFile, nil, news[:1], false},
		{"file, forced", asFile, olds[:1], news[:1], false},
		{"directory", CreateDir, nil, news, false},
		{"directory, forced", CreateDir, olds, news, false},
		{"directory, forced, no exchange", CreateDir, olds, news, true},
		{"set", asSet, nil, news, false},
		{"set, forced", asSet, olds, news, false},
		{"set, forced over a part", asSet, olds[1:2], news, false},
	} {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				top := t.TempDir()
				dst := filepath.Join(top, "dst")
				for _, b := range c.before {
					name, text, _ := strings.Cut(b, "=")
					put(t, filepath.Join(dst, name), text)
				}
				isDir := strings.HasPrefix(c.name, "directory")
				if !isDir {
					if err := os.MkdirAll(dst, 0o777); err != nil {
						t.Fatal(err)
					}
				}
				f := &faults{n: n, after: after, err: syscall.EIO}
				base := real
				base.sync = func(*os.File) error { return nil } // no power fails here, and flushing takes time
				base.syncDir = base.sync
				if c.noExchange {
					base.exchange = func(string, string) error { return errors.ErrUnsupported }
				}
				sys = f.inject(base)
				out, err := c.create(dst, Options{Force: c.before != nil})
				err = produce(out, err, c.after)
				sys = real

				if f.calls < n { // every call has had its turn
					if err != nil {
						t.Errorf("%s: no fault, and %v", c.name, err)
					}
					if n < 5 {
						t.Errorf("%s: only %d calls", c.name, f.calls)
					}
					break
				}
				if err == nil || !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), top) {
					t.Errorf("%s: fault %d: error is %v", c.name, n, err)
				}
				var got []string
				if exists(dst) {
					got = slices.DeleteFunc(tree(t, dst), func(s string) bool { return strings.HasPrefix(s, ".") })
				}
				switch {
				case slices.Equal(got, c.after) || slices.Equal(got, c.before):
				case after && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "x-1=") }) &&
					(!isDir || len(got) == 0):
					// A system in which nothing works any more, not even taking
					// back: the set has no first file, the directory is absent.
				default:
					t.Errorf("%s: fault %d (and after: %v) left %q; error %v", c.name, n, after, got, err)
				}
				if !after && !strings.Contains(err.Error(), "is in place") {
					for _, name := range append(tree0(t, top), tree0IfDir(t, dst)...) {
						if strings.HasPrefix(name, ".") {
							t.Errorf("%s: fault %d left %q; error %v", c.name, n, name, err)
						}
					}
				}
			}
		}
	}
}

func tree0IfDir(t *testing.T, dir string) []string {
	if !exists(dir) {
		return nil
	}
	return tree0(t, dir)
}

// TestPortable runs the renames that systems without special calls get.
func TestPortable(t *testing.T) {
	real := sys
	t.Cleanup(func() { sys = real })
	sys.noReplace = portableNoReplace
	sys.exchange = func(string, string) error { return errors.ErrUnsupported }
	t.Run("file", TestCreate)
	t.Run("directory", TestCreateDir)
	t.Run("set", TestCreateSet)
	t.Run("race", TestRace)
}

func TestNoRoomMessage(t *testing.T) {
	real := sys
	t.Cleanup(func() { sys = real })
	for _, c := range []struct {
		size int64
		err  error
		want string
	}{
		{1 << 60, syscall.ENOSPC, " free, expected 1.2 EB: no space left on device"},
		{1, syscall.ENOSPC, "reserving 1 B: no space left on device"},
		{5e9, syscall.EFBIG, "5.0 GB is more than the file system or a limit allows for one file"},
		{1000, syscall.EIO, "reserving 1.0 kB: input/output error"},
	} {
		sys.reserve = func(*os.File, int64) error { return c.err }
		dir := t.TempDir()
		out, err := Create(dir+"/f", Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = out.File("", c.size)
		if err == nil || !strings.HasPrefix(err.Error(), dir+"/f: ") || !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.err) {
			t.Errorf("%d bytes: %v lacks %q", c.size, err, c.want)
		}
		out.Abort()
		wantTree(t, dir)
	}
}
