package dcp

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"olmotool/formats"
)

// FuzzOpen reads any .metadata beside the files of a good checkpoint: it never
// panics, errors are of formats, and what opens has the tensors that it says.
func FuzzOpen(f *testing.F) {
	for _, g := range append(goldens, "views") {
		b, err := os.ReadFile(filepath.Join("testdata", g, metadataName))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	g := spoil(f)
	f.Add(g.encode(encoding{}, g.offsets))
	f.Add([]byte("\x80\x02cos\nsystem\n(X\x02\x00\x00\x00idtR."))
	dir := f.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/torch260")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, metadataName), b, 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := Open(dir)
		if err != nil {
			if fe := (*formats.Error)(nil); !errors.As(err, &fe) {
				t.Errorf("not an error of formats: %v", err)
			}
			return
		}
		defer c.Close()
		for _, x := range c.Tensors {
			if n := x.Bytes(); n < 1<<20 {
				_ = formats.ReadFull(x.Data, make([]byte, n), 0)
			}
		}
	})
}

// FuzzItem reads any item as a chunk of a tensor.
func FuzzItem(f *testing.F) {
	g := spoil(f)
	for _, l := range g.items {
		b, err := os.ReadFile(g.file(l.path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[l.off : l.off+l.length])
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "x"), b, 0o666); err != nil {
			t.Fatal(err)
		}
		p := newFiles(dir)
		defer p.Close()
		file, err := p.get("x")
		if err != nil {
			t.Fatal(err)
		}
		read := func() (string, error) {
			i := &item{key: "k", file: file, at: location{"x", 0, int64(len(b))}, dtype: formats.F32, shape: []int64{2, 4}, size: 32}
			got := make([]byte, 32)
			err := formats.ReadFull(i, got, 0)
			return string(got), err
		}
		// The second is like the first.
		first, err1 := read()
		second, err2 := read()
		if (err1 == nil) != (err2 == nil) || err1 == nil && first != second {
			t.Errorf("got %q, %v, then %q, %v", first, err1, second, err2)
		}
	})
}
