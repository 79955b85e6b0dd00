package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
	"olmotool/formats/torch"
)

func n(i int64) *int64 { return &i }

// The names of published directories and revisions.
func TestNames(t *testing.T) {
	for path, want := range map[string]Run{
		"peteish7/step928646-unsharded":                                       {Step: n(928646)},
		"peteish1/step1000-unsharded-tmp":                                     {Step: n(1000)},
		"stage1-step928646-tokens3896B":                                       {Step: n(928646), Stage: 1, Tokens: "3896B"},
		"stage2-ingredient3-step11931-tokens50B":                              {Step: n(11931), Stage: 2, Ingredient: "3", Tokens: "50B"},
		"peteish7/stage2/olmo-7b-1124_stage2_ingredient2/step11931-unsharded": {Step: n(11931), Stage: 2, Ingredient: "2"},
		"peteish32/stage2/soup/step11921-unsharded":                           {Step: n(11921), Stage: 2, Ingredient: "soup"},
		"stego32/stage2/souped/stage2-ingredient1+2-step23842":                {Step: n(23842), Stage: 2, Ingredient: "1+2"},
		"step5/model":              {},
		"misstep12/footstep3x":     {},
		"step99999999999999999999": {},
	} {
		var r Report
		r.readNames(filepath.Join("/data", path))
		r.Run.From = nil
		if d := cmp.Diff(want, r.Run); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
}

// runIn is the run of a copy of a model at dir, below a new directory.
func legacyAt(t *testing.T, dir string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), dir)
	if err := os.CopyFS(at, os.DirFS(filepath.Join(data, "layouts/olmo2-mha/olmo"))); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRun(t *testing.T) {
	dir := legacyAt(t, "peteish7/step1000-unsharded")
	saved(t, filepath.Join(dir, "train.pt"), "\x80\x02}q\x00(X\x0b\x00\x00\x00global_stepM\xd0\x07X\x05\x00\x00\x00epochK\x01"+
		"X\x18\x00\x00\x00global_train_tokens_seenJ\x00\x00\x00\x40X\x04\x00\x00\x00rngsX\x04\x00\x00\x00\x1b[2Ju.")
	r := source(t, dir)
	want := Run{Name: "tiny", Step: n(2000), Epoch: n(1), TokensSeen: n(1 << 30), From: []string{"name", "config.yaml", "train.pt"}}
	if d := cmp.Diff(want, r.Run); d != "" {
		t.Error(d)
	}
	if f := finding(t, r.Findings, "step-differs"); f.Severity != formats.Warning {
		t.Error(f)
	}
	// A state that cannot be read does not stop the rest.
	write(t, filepath.Join(dir, "train.pt"), "\x80\x02(")
	if r = source(t, dir); r.Run.Step == nil || *r.Run.Step != 1000 {
		t.Errorf("run %v", r.Run)
	}
	finding(t, r.Findings, "trainer-state")
}

// saved writes a bare pickle and makes sure that it is one.
func saved(t *testing.T, path, pickle string) {
	t.Helper()
	write(t, path, pickle)
	f, err := torch.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// The cache of Hugging Face: commits, and the names of revisions.
func TestSnapshot(t *testing.T) {
	commit := "0123456789abcdef0123456789abcdef01234567"
	cache := t.TempDir()
	dir := filepath.Join(cache, "snapshots", commit)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(data, "models/olmo2-mha"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(cache, "refs/stage1-step1000-tokens3B"), commit)
	write(t, filepath.Join(cache, "refs/main"), "another")
	want := Run{Step: n(1000), Stage: 1, Tokens: "3B", Revision: commit + " stage1-step1000-tokens3B", From: []string{"snapshot"}}
	if d := cmp.Diff(want, source(t, dir).Run); d != "" {
		t.Error(d)
	}
}
