package filepool

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestPool: of more files than may be open at a time all are read, by many readers
// at once.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	p := New(dir)
	var files []*File
	for i := range maxOpen + 50 {
		name := fmt.Sprintf("%04d", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := p.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.Get(name); err != nil || again != f || f.Size != 4 {
			t.Fatalf("found %v, %v, expected the same file", again, err)
		}
		files = append(files, f)
	}
	if n := p.recent.Len(); n != 0 {
		t.Errorf("found %d files open before anything was read", n)
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i, f := range files {
				b := make([]byte, 4)
				if _, err := f.ReadAt(b, 0); err != nil || string(b) != fmt.Sprintf("%04d", i) {
					t.Errorf("file %d: found %q, %v", i, b, err)
				}
			}
		})
	}
	readers.Wait()
	if n := p.recent.Len(); n != maxOpen {
		t.Errorf("found %d files open, expected %d", n, maxOpen)
	}
	if _, ok := files[0].Pinned(); ok {
		t.Error("found a file that stays open, expected one that may be closed")
	}
	all := p.All()
	if len(all) != len(files) || all[1].Path != filepath.Join(dir, "0001") || all[1].Bytes != 4 {
		t.Errorf("found %d files, the second %+v", len(all), all[1])
	}
	if err := p.Close(); err != nil || p.recent.Len() != 0 {
		t.Errorf("found %d files open after closing, %v", p.recent.Len(), err)
	}
	if _, err := files[0].ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("read of a closed pool")
	}
}

func TestGetRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := New(dir)
	defer p.Close()
	if _, err := p.Get("dir"); err == nil || !strings.Contains(err.Error(), "found no regular file, expected one") {
		t.Errorf("found %v", err)
	}
	if _, err := p.Get("none"); !os.IsNotExist(err) {
		t.Errorf("found %v, expected %v", err, fs.ErrNotExist)
	}
	f, err := p.Get("file")
	if err != nil {
		t.Fatal(err)
	}
	if file, ok := f.Pinned(); !ok || file.Name() != f.Path {
		t.Errorf("found %v, %t, expected the file", file, ok)
	}
	f.close()
	if err := os.Truncate(f.Path, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 1), 0); err == nil || !strings.Contains(err.Error(), "found 2 bytes, expected 4 as before") {
		t.Errorf("found %v", err)
	}
}
