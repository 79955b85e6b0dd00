package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/safetensors"
)

const (
	models  = "../testdata/models/"
	layouts = "../testdata/layouts/olmo2-mha/"
)

// open opens a model, and closes it when the test ends.
func open(t testing.TB, path string) *olmo.Source {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func modelAt(t testing.TB, path string) *olmo.Model {
	t.Helper()
	m, err := open(t, path).Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run compares two paths.
func run(t testing.TB, ref, cand string, o Options) *Report {
	t.Helper()
	r, err := Run(context.Background(), open(t, ref), open(t, cand), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runModels compares models that are on no disk.
func runModels(t testing.TB, ref, cand *olmo.Model, o Options) *Report {
	t.Helper()
	o, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	v := &verification{Options: o, ref: ref, cand: cand, report: newReport()}
	r, err := v.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// changed returns a model with tensors replaced: nil removes one.
func changed(t testing.TB, m *olmo.Model, name string, f func(formats.Tensor) *formats.Tensor) *olmo.Model {
	t.Helper()
	i := slices.IndexFunc(m.Tensors, func(t formats.Tensor) bool { return t.Name == name })
	if i < 0 {
		t.Fatalf("no tensor %s", name)
	}
	c := *m
	c.Tensors = slices.Clone(m.Tensors)
	if x := f(m.Tensors[i]); x != nil {
		c.Tensors[i] = *x
	} else {
		c.Tensors = slices.Delete(c.Tensors, i, i+1)
	}
	return &c
}

// edited returns a tensor with bytes changed.
func edited(t testing.TB, x formats.Tensor, f func(b []byte)) *formats.Tensor {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	f(b)
	x.Data = bytes.NewReader(b)
	return &x
}

// withConfig returns a model with another config.
func withConfig(m *olmo.Model, f func(c *olmo.Config)) *olmo.Model {
	c := *m.Config
	f(&c)
	return &olmo.Model{Config: &c, Tensors: m.Tensors, Source: m.Source}
}

// save writes a model as a Hugging Face directory.
func save(t testing.TB, m *olmo.Model, o olmo.PlanOptions) string {
	t.Helper()
	plan, err := m.Plan("hf", o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, p := range plan.Files {
		var b bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p.Name), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantText reports what of the parts is not in a text.
func wantText(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: found %q, want %q in it", what, text, p)
		}
	}
}

// writeSafetensors writes a file.
func writeSafetensors(t testing.TB, path string, ts []formats.Tensor, metadata map[string]string) {
	t.Helper()
	plan, err := safetensors.Plan(filepath.Base(path), ts, metadata)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := plan.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

var planOptions olmo.PlanOptions
