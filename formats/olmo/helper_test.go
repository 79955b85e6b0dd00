package olmo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/gguf"
)

const testdata = "../../testdata/"

// models are the directories of testdata/models, all written by transformers.
var models = []string{"olmo1", "olmo1-tied", "olmo2-gqa", "olmo2-mha", "olmo3"}

// open opens a path and gives its canonical form; it is closed with the test.
func open(t testing.TB, path, from string) *Model {
	t.Helper()
	s, err := Open(path, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func digestOf(t testing.TB, ts []formats.Tensor, values bool) string {
	t.Helper()
	r, err := digest.Of(context.Background(), ts, digest.Options{Threads: 2, Tied: Tied(), Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return r.Model
}

// write carries a plan out in a new directory and returns the path to open.
func write(t testing.TB, p *Plan) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range p.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		w, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := f.WriteTo(w)
		if err != nil || n != f.Size() {
			t.Fatalf("%s: wrote %d of %d bytes, %v", f.Name, n, f.Size(), err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if p.Dir {
		return dir
	}
	return filepath.Join(dir, p.Files[0].Name)
}

// plan lays a model out.
func plan(t testing.TB, m *Model, to string, o PlanOptions) *Plan {
	t.Helper()
	if o.Name == "" {
		o.Name = map[string]string{"gguf": "m.gguf", "torch": "m.pt", "safetensors": "m.safetensors"}[to]
	}
	if to == layoutGGUF && o.General == nil && m.Source.Layout != layoutGGUF {
		o.General = []gguf.KV{{Key: "general.architecture", Value: m.Config.GGUFArch()}}
		o.TokenizerKVs = []gguf.KV{{Key: "tokenizer.ggml.eos_token_id", Value: uint32(m.Config.EOSTokenID[0])}}
	}
	p, err := m.Plan(to, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readAll(t testing.TB, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// equalTensors reports a difference of two lists, which must have one order.
func equalTensors(t testing.TB, got, want []formats.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d tensors, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Name != w.Name || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			t.Fatalf("got %s %s %v, want %s %s %v", g.Name, g.DType, g.Shape, w.Name, w.DType, w.Shape)
		}
		if !bytes.Equal(readAll(t, g), readAll(t, w)) {
			t.Fatalf("%s: other bytes", w.Name)
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equalFiles(t testing.TB, got, want string) {
	t.Helper()
	g, w := readFile(t, got), readFile(t, want)
	if bytes.Equal(g, w) {
		return
	}
	k := 0
	for k < min(len(g), len(w)) && g[k] == w[k] {
		k++
	}
	t.Errorf("%s: %d bytes, want %d as in %s; first difference at %d", got, len(g), len(w), want, k)
}

// copyDir copies the files of a directory to a new one.
func copyDir(t testing.TB, from string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	es, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if len(names) == 0 || slices.Contains(names, e.Name()) {
			put(t, dir, e.Name(), string(readFile(t, filepath.Join(from, e.Name()))))
		}
	}
	return dir
}

// put writes a file in a directory.
func put(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is one line of an *formats.Error that has all parts.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one with %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("got %q, want %q in it", err, p)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r\x1b\x00") {
		t.Errorf("got %q, want one line of plain text", err)
	}
}
