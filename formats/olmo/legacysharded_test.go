package olmo

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"
)

// TestSharded reads one model as OLMo's own checkpointers wrote it on two ranks;
// see formats/sharded/testdata.
func TestSharded(t *testing.T) {
	z, err := zip.OpenReader("../sharded/testdata/goldens.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	// The goldens are without what is in directories of its own.
	optim := filepath.Join(dir, "local-2.1", "optim")
	if err := os.Mkdir(optim, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"rank0.pt": 30, "rank1.pt": 12, "other": 100} {
		if err := os.WriteFile(filepath.Join(optim, name), make([]byte, n), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := open(t, filepath.Join(dir, "whole"), "")
	for _, c := range []struct{ path, layout, finding string }{
		{"legacy-1.13", "olmo-sharded-legacy", ""},
		{"legacy-2.4", "olmo-sharded-legacy", "33 tensors of the optimizer, 5036 bytes: not read"},
		{"legacy-2.4/rank1.pt", "olmo-sharded-legacy", "33 tensors of the optimizer, 5036 bytes: not read"},
		{"local-1.13", "olmo-sharded-local", ""},
		{"local-2.1", "olmo-sharded-local", "2 files of the optimizer, 42 bytes: not read"},
		{"core", "olmo-sharded-core", ""},
	} {
		m := open(t, filepath.Join(dir, c.path), "")
		if m.Source.Layout != c.layout || !m.Source.InParts() {
			t.Errorf("%s: got layout %s", c.path, m.Source.Layout)
		}
		found := ""
		for _, f := range m.Source.Findings {
			found += f.Message
		}
		if found != c.finding {
			t.Errorf("%s: got findings %v", c.path, m.Source.Findings)
		}
		equalTensors(t, m.Tensors, want.Tensors)
		if got := digestOf(t, m.Tensors, false); got != digestOf(t, want.Tensors, false) {
			t.Errorf("%s: got digest %s", c.path, got)
		}
	}
	if want.Source.InParts() {
		t.Error("found the whole model to be in parts")
	}
}
