package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRefused holds that a refusal names the path and the reason, and comes
// before anything is made.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, "file", "x")
	put(t, "dir/inner", "x")
	for link, to := range map[string]string{"link": "file", "dangling": "nothing", "linkdir": "dir"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link("dir/inner", "hard"); err != nil {
		t.Fatal(err)
	}
	before := tree0(t, dir)
	force := Options{Force: true}
	protect := func(p ...string) Options { return Options{Force: true, Protect: p} }
	single := func(path string, o Options) func() (*Output, error) {
		return func() (*Output, error) { return Create(path, o) }
	}
	directory := func(path string, o Options) func() (*Output, error) {
		return func() (*Output, error) { return CreateDir(path, o) }
	}
	set := func(o Options, dir string, names ...string) func() (*Output, error) {
		return func() (*Output, error) { return CreateSet(dir, names, o) }
	}
	for _, c := range []struct {
		name   string
		create func() (*Output, error)
		want   string
	}{
		{"empty", single("", force), "empty path"},
		{"dot", directory(".", force), ".: this names an existing directory"},
		{"dot dot", directory("dir/../..", force), "..: this names an existing directory"},
		{"root", directory("/", force), "/: this names an existing directory"},
		{"file exists", single("file", Options{}), "file: already exists"},
		{"dir exists", directory("dir", Options{}), "dir: already exists"},
		{"dir over file", directory("file", Options{}), "file: already exists"},
		{"link exists", single("dangling", Options{}), "dangling: already exists"},
		{"set exists", set(Options{}, "dir", "new", "inner"), "dir/inner: already exists"},
		{"no parent", single("no/file", force), "no: the directory to write in: no such file"},
		{"parent is a file", single("file/x", force), "file: found a file, expected a directory to write in"},
		{"set without directory", set(force, "no", "x"), "no: the directory to write in: no such file"},
		{"link", single("link", force), "link: found a symbolic link"},
		{"dangling link", single("dangling", force), "dangling: found a symbolic link"},
		{"link to directory", directory("linkdir/", force), "linkdir: found a symbolic link"},
		{"directory over file", directory("file", force), "file: found a file, expected a directory"},
		{"file over directory", single("dir", force), "dir: found a directory, expected a file"},
		{"device", single(os.DevNull, force), "found a special file, expected a regular file"},
		{"working directory", directory(dir, force), "found the working directory"},
		{"parent of it", directory(filepath.Dir(dir), force), "found the working directory or one that holds it"},
		{"source", directory("dir", protect("else", "dir")), "dir: replacing it would destroy the source dir"},
		{"source inside", directory("dir", protect("dir/inner")), "dir: replacing it would destroy the source dir/inner"},
		{"source through a link", directory("dir", protect("linkdir/inner")), "destroy the source linkdir/inner"},
		{"source file", single("file", protect("link")), "file: replacing it would destroy the source link"},
		{"source hard link", single("hard", protect("dir/inner")), "hard: replacing it would destroy the source"},
		{"empty set", set(force, "dir"), "dir: a set of no files"},
		{"set with a path", set(force, ".", "dir/inner"), `found "dir/inner" in a set, expected plain file names`},
		{"set with dot dot", set(force, ".", ".."), `found ".." in a set`},
		{"set with dot", set(force, ".", "."), `found "." in a set`},
		{"set with a twin", set(force, ".", "a", "b", "a"), `found "a" twice`},
	} {
		out, err := c.create()
		if err == nil {
			out.Abort()
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q lacks %q", c.name, err, c.want)
		}
		if errors.Is(err, ErrExists) != strings.Contains(c.want, "already exists") {
			t.Errorf("%s: errors.Is(%q, ErrExists) is wrong", c.name, err)
		}
	}
	if after := tree0(t, dir); !slices.Equal(before, after) {
		t.Errorf("found %q after the refusals, want %q", after, before)
	}
}

// tree0 lists the names of dir.
func tree0(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	out, err := CreateDir(dir+"/m", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Abort()
	for _, name := range []string{"", ".", "..", "/abs", "a/../b", "../x", "a//b", "a/", "./a", "a/./b"} {
		if _, err := out.File(name, 1); err == nil {
			t.Errorf("file name %q accepted", name)
		}
	}
	if _, err := out.File("nul\x00", 1); err == nil {
		t.Error("file name with a NUL accepted")
	}
	write(t, out, "a/b/c", "x")
	for _, name := range []string{"a/b/c", "a/b", "a/b/c/d"} {
		if _, err := out.File(name, 1); err == nil {
			t.Errorf("file name %q accepted although a/b/c exists", name)
		}
	}
	single, err := Create(dir+"/f", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer single.Abort()
	if _, err := single.File("f", 1); err == nil {
		t.Error("a name in an output of one file accepted")
	}
	if err := single.Commit(); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("empty output: %v", err)
	}
	set, err := CreateSet(dir, []string{"a"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Abort()
	if _, err := set.File("b", 1); err == nil {
		t.Error("a name outside the set accepted")
	}
}

func TestSizeMismatch(t *testing.T) {
	for _, text := range []string{"", "1234", "123456"} {
		dir := t.TempDir()
		out, err := Create(dir+"/f", Options{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := out.File("", 5)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(text)
		if err := out.Commit(); err == nil || !strings.Contains(err.Error(), "bytes written, expected 5") {
			t.Errorf("%d bytes instead of 5: %v", len(text), err)
		}
		out.Abort()
		wantTree(t, dir)
	}
}
