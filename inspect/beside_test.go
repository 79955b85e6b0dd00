package inspect

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBeside(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	write(t, filepath.Join(dir, "optim.pt"), "12345")
	write(t, filepath.Join(dir, "train/rank0.pt"), "no pickle")
	write(t, filepath.Join(dir, "a/b/c/d/e"), "deep")
	r := source(t, dir)
	roles := map[string]string{}
	for _, f := range r.Beside.List {
		roles[f.Path] = f.Role
	}
	want := map[string]string{
		"config.json": "config", "generation_config.json": "config", "optim.pt": "optimizer", "train/rank0.pt": "trainer",
		"tokenizer.json": "tokenizer", "tokenizer_config.json": "tokenizer", "special_tokens_map.json": "tokenizer",
	}
	for path, role := range want {
		if roles[path] != role {
			t.Errorf("%s: %q, want %q", path, roles[path], role)
		}
	}
	if roles["model.safetensors"] != "" {
		t.Error("the weights are not beside themselves")
	}
	if d := cmp.Diff(Optimizer{true, 5, []string{"optim.pt"}}, r.Optimizer); d != "" {
		t.Error(d)
	}
	finding(t, r.Findings, "deep-directory")
	finding(t, r.Findings, "trainer-state")
}

// More files than are looked at are reported, and the model is described.
func TestManyFiles(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	w := walk{r: &Report{}, dir: dir, known: map[string]bool{}, seen: maxBeside - 3}
	w.dirAt("", 0)
	if b := w.r.Beside; !b.More || b.Files != 3 {
		t.Errorf("found %+v", b)
	}
	finding(t, w.r.Findings, "many-files")
}

// A torch file that holds a trainer's state as well as weights.
func TestOptimizerTensors(t *testing.T) {
	for name, want := range map[string]bool{
		"optim.state.0.exp_avg": true, "state.model.wte.weight.exp_avg_sq": true, "optimizer_state_dict.x": true,
		"model.layers.0.mlp.up_proj.weight": false, "exp_avg_like.weight": false,
	} {
		if got := optimizerTensor(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
