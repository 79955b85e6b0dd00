package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
)

// pattern returns the bytes that testdata/make.py gives to tensor i.
func pattern(i int, n int64) []byte {
	b := make([]byte, n)
	for k := range b {
		b[k] = byte(37*i + 11*k + k/256)
	}
	return b
}

// tensor returns tensor i of testdata/make.py.
func tensor(t testing.TB, i int, name string, d formats.DType, shape ...int64) formats.Tensor {
	t.Helper()
	n, err := formats.BytesOf(d, shape)
	if err != nil {
		t.Fatal(err)
	}
	x, err := formats.NewTensor(name, d, shape, bytes.NewReader(pattern(i, n)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// planned returns the bytes of a plan.
func planned(t testing.TB, p *formats.FilePlan, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := p.WriteTo(&b); err != nil || n != p.Size() || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, p.Size(), err)
	}
	return b.Bytes()
}

// dataOf returns all bytes of a tensor.
func dataOf(t testing.TB, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatalf("tensor %q: %v", x.Name, err)
	}
	return b
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeFile puts a file of that name into a folder of its own.
func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// wantError checks that err is a *formats.Error of one line with all the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	var e *formats.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *formats.Error", err)
	}
	wantWords(t, err, words...)
}

func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\x1b\x00") {
		t.Errorf("error %q is not one plain line", err)
	}
}

// raw builds files that no writer would write.
type raw struct{ b []byte }

// head begins a file with these counts.
func head(version uint32, tensors, keys uint64) *raw {
	return (&raw{[]byte("GGUF")}).u32(version).u64(tensors).u64(keys)
}

func (r *raw) u32(v uint32) *raw { r.b = binary.LittleEndian.AppendUint32(r.b, v); return r }
func (r *raw) u64(v uint64) *raw { r.b = binary.LittleEndian.AppendUint64(r.b, v); return r }
func (r *raw) str(s string) *raw { r.u64(uint64(len(s))); r.b = append(r.b, s...); return r }
func (r *raw) zeros(n int) *raw  { r.b = append(r.b, make([]byte, n)...); return r }

// key adds a uint32 with that value.
func (r *raw) key(key string, v uint32) *raw { return r.str(key).u32(4).u32(v) }

// tensor adds a tensor's record; dims has the innermost first.
func (r *raw) tensor(name string, typ uint32, offset uint64, dims ...uint64) *raw {
	r.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		r.u64(d)
	}
	return r.u32(typ).u64(offset)
}

// pad pads to a multiple of n.
func (r *raw) pad(n int) *raw { return r.zeros((n - len(r.b)%n) % n) }
