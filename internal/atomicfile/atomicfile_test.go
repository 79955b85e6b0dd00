package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes one file of an output.
func write(t *testing.T, out *Output, name, text string) {
	t.Helper()
	f, err := out.File(name, int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// tree lists the files below dir with their text.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if d.IsDir() {
			all = append(all, p+"/")
			return nil
		}
		b, err := os.ReadFile(filepath.Join(dir, p))
		all = append(all, p+"="+string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantTree(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func commit(t *testing.T, out *Output) {
	t.Helper()
	if err := out.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	for _, force := range []bool{false, true} {
		dir := t.TempDir()
		if force {
			put(t, dir+"/a.gguf", "old")
		}
		out, err := Create(dir+"/a.gguf", Options{Force: force})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Abort()
		write(t, out, "", "new")
		if b, _ := os.ReadFile(out.Staged("")); string(b) != "new" || filepath.Base(out.Staged("")) != "a.gguf" {
			t.Errorf("staged %q holds %q", out.Staged(""), b)
		}
		if b, _ := os.ReadFile(dir + "/a.gguf"); string(b) == "new" {
			t.Error("in place before Commit")
		}
		commit(t, out)
		out.Abort()
		wantTree(t, dir, "a.gguf=new")
		if err := out.Commit(); err == nil {
			t.Error("second Commit succeeded")
		}
		if _, err := out.File("", 0); err == nil {
			t.Error("File after Commit succeeded")
		}
	}
}

func TestCreateDir(t *testing.T) {
	for _, force := range []bool{false, true} {
		dir := t.TempDir()
		if force {
			put(t, dir+"/m/x/old", "old")
		}
		out, err := CreateDir(dir+"/m/", Options{Force: force})
		if err != nil {
			t.Fatal(err)
		}
		write(t, out, "config.json", "{}")
		write(t, out, "model_and_optim/__0_0.distcp", "data")
		f, err := out.File("closed", -1)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString("of unknown size")
		f.Close()
		if b, _ := os.ReadFile(out.Staged("") + "/config.json"); string(b) != "{}" {
			t.Errorf("staged config.json holds %q", b)
		}
		commit(t, out)
		wantTree(t, dir, "m/", "m/closed=of unknown size", "m/config.json={}", "m/model_and_optim/", "m/model_and_optim/__0_0.distcp=data")
	}
}

func TestCreateSet(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/unrelated", "stays")
	for i, text := range []string{"old", "new"} {
		out, err := CreateSet(dir, []string{"a-1", "a-2", "a-3"}, Options{Force: i > 0})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []string{"a-3", "a-1", "a-2"} {
			write(t, out, n, text)
		}
		commit(t, out)
		wantTree(t, dir, "a-1="+text, "a-2="+text, "a-3="+text, "unrelated=stays")
	}
	out, err := CreateSet(dir, []string{"b-1", "b-2"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, "b-1", "x")
	if err := out.Commit(); err == nil || !strings.Contains(err.Error(), "found 1 files of a set, expected 2") {
		t.Errorf("incomplete set: %v", err)
	}
	out.Abort()
	out.Abort()
	wantTree(t, dir, "a-1=new", "a-2=new", "a-3=new", "unrelated=stays")
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	out, err := CreateDir(dir+"/m", Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, "a/b", "x")
	out.Abort()
	out.Abort()
	wantTree(t, dir)
	if err := out.Commit(); err == nil {
		t.Error("Commit after Abort succeeded")
	}
}

// Two outputs of one name: without Force the later one fails, and what the
// first has put in place stays.
func TestRace(t *testing.T) {
	dir := t.TempDir()
	begin := map[string]func(Options) (*Output, error){
		"f": func(o Options) (*Output, error) { return Create(dir+"/f", o) },
		"d": func(o Options) (*Output, error) { return CreateDir(dir+"/d", o) },
		"s": func(o Options) (*Output, error) { return CreateSet(dir, []string{"s"}, o) },
	}
	for name, create := range begin {
		var outs [2]*Output
		for i := range outs {
			var err error
			if outs[i], err = create(Options{}); err != nil {
				t.Fatal(err)
			}
			file := map[string]string{"f": "", "d": "x", "s": "s"}[name]
			write(t, outs[i], file, string(rune('0'+i)))
		}
		commit(t, outs[0])
		if err := outs[1].Commit(); !errors.Is(err, ErrExists) {
			t.Errorf("%s: the second output gave %v", name, err)
		}
		outs[1].Abort()
	}
	wantTree(t, dir, "d/", "d/x=0", "f=0", "s=0")
}

func TestLongName(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("é", 120)
	out, err := Create(dir+"/"+name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, "", "x")
	commit(t, out)
	wantTree(t, dir, name+"=x")
}
