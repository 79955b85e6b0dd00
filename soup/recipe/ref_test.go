package recipe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cached makes a cache of the hub with two revisions of a model.
func cached(t *testing.T) (cache string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	home := t.TempDir()
	t.Setenv("HF_HOME", home)
	repo := filepath.Join(home, "hub", "models--org--name.1")
	for name, text := range map[string]string{
		"refs/main":          "c0ffee\n",
		"refs/stage2/step10": "beef",
		"refs/gone":          "dead",
		"refs/bad":           "../../..",
		"refs/long":          strings.Repeat("a", maxCommit+1),
		"snapshots/c0ffee/x": "",
		"snapshots/beef/x":   "",
	} {
		path := filepath.Join(repo, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(repo, "snapshots")
}

func TestPath(t *testing.T) {
	snapshots := cached(t)
	if err := os.MkdirAll("local/name.1", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{"local/name.1", "local/name.1"},
		{"random:tiny,seed=1", "random:tiny,seed=1"},
		{"org/name.1", snapshots + "/c0ffee"},
		{"org/name.1@main", snapshots + "/c0ffee"},
		{"org/name.1@stage2/step10", snapshots + "/beef"},
		{"org/name.1@beef", snapshots + "/beef"},

		{"local/name.1@main", `local/name.1: found a revision ("main") of a path on this machine`},
		{"org/name.1@gone", `org/name.1@gone: found no copy of revision "gone"`},
		{"org/name.1@nosuch", `org/name.1@nosuch: found no copy of revision "nosuch"`},
		{"org/name.1@stage2", `found no copy of revision "stage2"`},
		{"org/name.1@..", `found the revision "..", expected a branch, tag or commit`},
		{"org/name.1@/etc", `found the revision "/etc"`},
		{"org/name.1@bad", `refs/bad: found "../../..", expected the name of a commit`},
		{"org/name.1@long", "expected the name of a commit"},
		{"org/nosuch", "org/nosuch: found neither a path of this name nor a copy of such a repository in "},
		{"./nosuch", "./nosuch: no such file or directory"},
		{"a/b/nosuch", "a/b/nosuch: no such file or directory"},
		{"../hub", "../hub: no such file or directory"},
	} {
		r, err := ParseRef(c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Path()
		if err != nil {
			got = err.Error()
		}
		if got != c.want && !(err != nil && strings.Contains(got, c.want)) {
			t.Errorf("%s: found %s, want %s", c.name, got, c.want)
		}
		if r.String() != c.name {
			t.Errorf("found %s, want %s", r, c.name)
		}
	}
	t.Setenv("HF_HUB_CACHE", filepath.Join(snapshots, "nosuch"))
	if got, err := (Ref{Name: "org/name.1"}).Path(); err == nil {
		t.Errorf("found %s in another cache", got)
	}
}
