package formats

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestError(t *testing.T) {
	e := Errorf("model.bin", `tensor "x"`, "found %d, expected %d: %w", 1, 2, io.ErrUnexpectedEOF)
	wantErr(t, e, `model.bin: tensor "x": found 1, expected 2: unexpected EOF`)
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	e = Errorf("model.bin", "", "found nothing")
	if e.Error() != "model.bin: found nothing" || e.Unwrap() != nil {
		t.Errorf("%q, cause %v", e, e.Unwrap())
	}
}

func TestOpenRegular(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		f, size, err := OpenRegular(p)
		if err != nil || size != 3 {
			t.Fatalf("%d bytes, %v", size, err)
		}
		f.Close()
	}
	if _, _, err := OpenRegular(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, _, err := OpenRegular(dir)
	wantErr(t, err, dir+": found a directory, expected a regular file")
	var e *Error
	if !errors.As(err, &e) || e.File != dir {
		t.Errorf("%v is no *Error with the path", err)
	}
}

func TestKind(t *testing.T) {
	for mode, want := range map[os.FileMode]string{
		os.ModeDir: "a directory", os.ModeNamedPipe: "a named pipe", os.ModeSocket: "a socket",
		os.ModeDevice: "a device", os.ModeDevice | os.ModeCharDevice: "a device", os.ModeIrregular: "a special file",
	} {
		if got := kind(mode); got != want {
			t.Errorf("%s is %q, want %q", mode, got, want)
		}
	}
}
