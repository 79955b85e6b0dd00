package torch

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"os"
	"strings"
	"testing"

	"olmotool/formats"
)

func deflate(s string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

// TestDeflatedMalformed: a compressed storage is checked when it is read.
func TestDeflatedMalformed(t *testing.T) {
	content := strings.Repeat("abcd", 6)
	pickle := inDict(tensorOf(storageOf(floats, "0", 6), 0, []int64{6}, []int64{1}))
	for _, c := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"short", deflate(content[:20]), "found 20 bytes in the compressed data, expected 24"},
		{"long", deflate(content + "more"), "found more in the compressed data than the 24 bytes that the directory says, expected as many"},
		{"broken", deflate(content)[:3], "found compressed data that breaks after "},
		{"no deflate", []byte("\xff\xff\xff"), "found compressed data that breaks after 0 bytes, expected 24: flate: corrupt input"},
		{"bytes behind", append(deflate(content), "tail"...), "found bytes after the end of the compressed data, expected none"},
	} {
		b := rawArchive(t, stored, nil, nil, member{"a/data.pkl", pickle}, member{"a/version", "3"})
		b = appendMember(t, b, "a/data/0", c.packed, 24)
		f, err := openBytes(b)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		err = formats.ReadFull(f.Tensors[0].Data, make([]byte, 24), 0)
		if want := `f.pt: member "a/data/0": ` + c.want; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v\nexpected %s", c.name, err, want)
		}
		f.Close()
	}

	b := rawArchive(t, deflated, deflate, nil, member{"a/data.pkl", strings.Repeat("N0", 1<<21) + "N."}, member{"a/version", "3"})
	if _, err := openBytes(b); err == nil || !strings.HasPrefix(err.Error(), `f.pt: member "a/data.pkl": found 4194306 bytes compressed to `) || !strings.HasSuffix(err.Error(), "expected at most 1000 to 1") {
		t.Errorf("bomb: found %v", err)
	}
}

// appendMember adds a member that is compressed to an archive of stored ones.
func appendMember(t *testing.T, b []byte, name string, packed []byte, size uint64) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(len(packed)), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(packed)
	w.Close()
	return out.Bytes()
}

// TestInflatedCleanUp: nothing is left of the unpacked file, not even a name.
func TestInflatedCleanUp(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f, err := OpenFile("testdata/deflated.pt")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.Tensors {
		tensorBytes(t, x)
	}
	if names, _ := os.ReadDir(dir); len(names) > 0 {
		t.Errorf("found %v in the temporary directory", names)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Tensors[0].Data.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("read after close: no error")
	}

	t.Setenv("TMPDIR", dir+"/missing")
	if f, err = OpenFile("testdata/deflated.pt"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tensors[0].Data.ReadAt(make([]byte, 1), 0); !os.IsNotExist(err) {
		t.Errorf("no temporary directory: found %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
