package olmo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// copyNamed copies a directory of testdata, to be changed, under a name.
func copyNamed(t testing.TB, from, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDistributed reads the model as OLMo-core and the older trainer distribute
// it, by every path that stands for it: the same tensors, without the optimizer.
func TestDistributed(t *testing.T) {
	want := open(t, testdata+"models/olmo2-mha", "")
	for _, layout := range []string{"olmo-core", "olmo-sharded-torch"} {
		for _, path := range []string{"", "/model_and_optim", "/model_and_optim/.metadata", "/model_and_optim/__1_0.distcp"} {
			for _, from := range []string{"", layout} {
				m := open(t, mha+layout+path, from)
				if m.Source.Layout != layout || m.Source.Path != filepath.Clean(mha+layout) && path != "" || m.Source.Beside.Dir != m.Source.Path {
					t.Errorf("%s%s: layout %s, path %s, beside %s", layout, path, m.Source.Layout, m.Source.Path, m.Source.Beside.Dir)
				}
				if d := want.Config.Diff(m.Config); len(d) > 0 {
					t.Errorf("%s: %v", layout, d)
				}
				equalTensors(t, m.Tensors, want.Tensors)
				if len(m.Source.Findings) != 1 || m.Source.Findings[0].Code != "optimizer" || m.Source.Findings[0].Severity != formats.Info {
					t.Errorf("%s: findings %v", layout, m.Source.Findings)
				}
				n, all := len(m.Source.Tensors), len(m.Source.Distributed.Tensors)
				if n != len(want.Tensors) && layout == "olmo-core" || n >= all {
					t.Errorf("%s: %d of %d tensors", layout, n, all)
				}
			}
		}
	}
}

func TestDistributedOptimizer(t *testing.T) {
	s, err := Open(mha+"olmo-core", "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// Moments of nine norms of 32, and nine steps, in f32.
	if got, want := s.Findings[0].Message, "27 tensors of the optimizer, 2340 bytes: not read"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, x := range s.Distributed.Tensors {
		if strings.HasSuffix(x.Name, ".step") && x.Name != "" {
			if b := readAll(t, x); string(b) != "\x00\x00\x80\x3f" {
				t.Errorf("%s: got %x, want 1", x.Name, b)
			}
		}
	}
}

// A running mean has no config: that of the step beside it is used, and without
// one it is a bare list of tensors.
func TestMerged(t *testing.T) {
	merged := copyNamed(t, mha+"olmo-core", "step7-merged")
	step := filepath.Join(filepath.Dir(merged), "step7")
	if err := os.Mkdir(step, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(merged, "config.json"), filepath.Join(step, "config.json")); err != nil {
		t.Fatal(err)
	}
	want := open(t, testdata+"models/olmo2-mha", "")
	m := open(t, merged, "")
	equalTensors(t, m.Tensors, want.Tensors)
	if f := m.Source.Findings[0]; f.Code != "config-of-step" || f.Where != filepath.Join(step, "config.json") {
		t.Errorf("found %v", m.Source.Findings)
	}
	if err := os.Remove(filepath.Join(step, "config.json")); err != nil {
		t.Fatal(err)
	}
	m = open(t, merged, "")
	if f := m.Source.Findings[0]; m.Config != nil || f.Code != "no-config" || !strings.Contains(f.Message, "found no config.json: read as bare tensors") {
		t.Errorf("config %v, found %v", m.Config, m.Source.Findings)
	}
	if len(m.Tensors) != len(want.Tensors) || m.Tensors[0].Name != "model.embeddings.weight" {
		t.Errorf("%d tensors, the first %s", len(m.Tensors), m.Tensors[0].Name)
	}
	_, err := m.Plan("hf", PlanOptions{})
	if err == nil || !strings.Contains(err.Error(), "found tensors with no model known") {
		t.Errorf("got %v", err)
	}
	plan(t, m, "safetensors", PlanOptions{})
}

// Names with and without the prefix, and those of OLMo-core before 1.7.
func TestDistributedNames(t *testing.T) {
	want := open(t, testdata+"models/olmo2-mha", "")
	old := strings.NewReplacer("model.lm_head.norm.", "model.norm.", "model.lm_head.w_out.", "model.w_out.")
	for name, rename := range map[string]func(string) string{
		"bare": func(s string) string { return strings.TrimPrefix(s, distPrefix) },
		"old":  old.Replace,
	} {
		s, err := Open(mha+"olmo-core", "")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i, x := range s.Tensors {
			s.Tensors[i] = x.WithName(rename(x.Name))
		}
		m, err := s.Model()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		equalTensors(t, m.Tensors, want.Tensors)
	}
}

func TestDistributedErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"interrupted", func(dir string) error { return os.Remove(filepath.Join(dir, distDir, distMetadata)) }, "model_and_optim: found no .metadata, expected one: it is written last"},
		{"a file is missing", func(dir string) error { return os.Remove(filepath.Join(dir, distDir, "__1_3.distcp")) }, `model_and_optim: found no files ["__1_3.distcp"], expected them`},
		{"no checkpoint", func(dir string) error { return os.RemoveAll(filepath.Join(dir, distDir)) }, "found a config.json of OLMo-core but no model.pt, model.safetensors or model_and_optim"},
		{"another config", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"model": {"n_layers": 0}}`), 0o666)
		}, "config.json: model.n_layers: found 0, expected 1 to 16384"},
		{"a file in its place", func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, distDir)); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, distDir), nil, 0o666)
		}, "found a config.json of OLMo-core but no"},
	} {
		dir := copyNamed(t, mha+"olmo-core", "step7")
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, "")
		wantError(t, err, dir, c.want)
	}
	// What lies alone is opened alone.
	s, err := Open(copyNamed(t, mha+"olmo-core/model_and_optim", distDir), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if i := slices.IndexFunc(s.Findings, func(f formats.Finding) bool { return f.Code == "no-config" }); s.Config != nil || i < 0 {
		t.Errorf("config %v, findings %v", s.Config, s.Findings)
	}
	// No config of another kind is taken from above.
	hf := copyNamed(t, testdata+"models/olmo2-mha", "hf")
	if err := os.CopyFS(filepath.Join(hf, distDir), os.DirFS(mha+"olmo-core/model_and_optim")); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(filepath.Join(hf, distDir), ""); err != nil || s.Config != nil || s.Layout != "olmo-core" {
		t.Errorf("got %v, %v", s, err)
	}
	if m := open(t, hf, ""); m.Source.Layout != "hf" {
		t.Errorf("got %s", m.Source.Layout)
	}
}
