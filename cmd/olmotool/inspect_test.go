package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Names of files, of runs and of tensors, and what a GGUF says of itself, do not
// reach the terminal as they are.
func TestInspectEscapes(t *testing.T) {
	const evil = "\x1b[2J\u202e\u009b31m"
	dir := filepath.Join(t.TempDir(), "step1-unsharded")
	if err := os.CopyFS(dir, os.DirFS("../../testdata/layouts/olmo2-mha/olmo")); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.yaml")
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	named := bytes.Replace(b, []byte("run_name: tiny"), []byte(`run_name: "\e[2J\u202e\u009b31m"`), 1)
	if bytes.Equal(named, b) {
		t.Fatal("the config has no run_name")
	}
	for path, text := range map[string][]byte{config: named, filepath.Join(dir, "optim"+evil+".pt"): []byte("x"), filepath.Join(dir, "train.pt"): []byte(evil)} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	gguf := filepath.Join(t.TempDir(), "x.gguf")
	if code, _, errs := runCommand(t, "convert", "../../testdata/models/olmo2-mha", gguf, "--pretokenizer", "dbrx", "--set", "general.description="+evil); code != 0 {
		t.Fatal(errs)
	}
	for _, path := range []string{dir, gguf} {
		code, out, errs := runCommand(t, "inspect", path, "--tensors", "--check")
		if code != 0 || strings.ContainsAny(out, "\x1b\u202e\u009b") || !strings.Contains(out, "31m") {
			t.Errorf("%s: exit code %d, %s\n%q", path, code, errs, out)
		}
	}
}

func runCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}
