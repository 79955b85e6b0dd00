package scan

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWalk: what cannot be read is told, and the rest goes on.
func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a/x.pkl": "\x80\x02N.", "b/c/y.pkl": "\x80\x02cos\nsystem\n.", "z.txt": "text"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"loop": ".", "b/up": "..", "b/file": "c/y.pkl", "b/gone": "nothing"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Paths(context.Background(), []string{dir, filepath.Join(dir, "missing")}, 2)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Path, Verdict, Code string
	}
	var got []line
	for _, f := range r.Files {
		rel, _ := filepath.Rel(dir, f.Path)
		code := ""
		if len(f.Findings) > 0 {
			code = f.Findings[0].Code
		}
		got = append(got, line{filepath.ToSlash(rel), f.Verdict.String(), code})
	}
	want := []line{
		{"a/x.pkl", "inert", ""},
		{"b/c/y.pkl", "dangerous", "dangerous-import"},
		{"b/file", "dangerous", "dangerous-import"},
		{"b/gone", "malformed", "unreadable"},
		{"b/up", "inert", "linked-directory"},
		{"loop", "inert", "linked-directory"},
		{"z.txt", "inert", ""},
		{"missing", "malformed", "unreadable"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if r.Unreadable != 2 || r.Verdict != Dangerous {
		t.Errorf("found %d unreadable, %s", r.Unreadable, r.Verdict)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Paths(ctx, []string{"testdata"}, 2); err != context.Canceled {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
}
