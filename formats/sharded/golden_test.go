package sharded

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// goldens unpacks the checkpoints that testdata/make.py made with OLMo's and
// torch's own code.
func goldens(t testing.TB) string {
	t.Helper()
	z, err := zip.OpenReader("testdata/goldens.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

// forms are the goldens, and how each is opened.
var forms = map[string]func(dir string) (*formats.Checkpoint, error){
	"legacy-1.13": OpenLegacy,
	"legacy-2.4":  OpenLegacy,
	"local-1.13":  OpenLocal,
	"local-2.1":   OpenLocal,
	"core":        func(dir string) (*formats.Checkpoint, error) { return OpenCore(filepath.Join(dir, "model")) },
}

func content(t *testing.T, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatalf("%s: %v", x.Name, err)
	}
	return b
}

// TestGoldens: every form has the tensors of the whole model, and nothing to say
// but that there is an optimizer.
func TestGoldens(t *testing.T) {
	dir := goldens(t)
	whole, err := torch.Open(filepath.Join(dir, "whole", "model.pt"))
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	want := map[string]formats.Tensor{}
	for _, x := range whole.Tensors {
		want[x.Name] = x
	}
	for name, open := range forms {
		c, err := open(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(c.Tensors) != len(want) {
			t.Errorf("%s: found %d tensors, expected %d", name, len(c.Tensors), len(want))
		}
		for _, x := range c.Tensors {
			w := want[x.Name]
			if w.Name == "" || x.DType != w.DType || !bytes.Equal(content(t, x), content(t, w)) {
				t.Errorf("%s: tensor %s: found %s %v, expected %s %v of the same bytes", name, x.Name, x.DType, x.Shape, w.DType, w.Shape)
			}
			if !strings.HasPrefix(x.Origin.File, dir) {
				t.Errorf("%s: tensor %s: found it in %q", name, x.Name, x.Origin.File)
			}
		}
		for _, f := range c.Findings {
			if f.Severity != formats.Info {
				t.Errorf("%s: found %+v", name, f)
			}
		}
		if n := len(c.Findings); (n == 1) != (name == "legacy-2.4") || n == 1 && c.Findings[0].Message != "33 tensors of the optimizer, 5036 bytes: not read" {
			t.Errorf("%s: found %+v", name, c.Findings)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := formats.ReadFull(c.Tensors[0].Data, make([]byte, 1), 0); err == nil {
			t.Errorf("%s: read of a closed checkpoint", name)
		}
	}
}

// anotherStep changes the number of the step in a rank's pickle.
func anotherStep(dir string) error {
	name := filepath.Join(dir, "rank1.pt")
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	at := regexp.MustCompile("global_step(?s:q.|r....)K\x01").FindIndex(b)
	if at == nil {
		return errors.New("no step to change")
	}
	b[at[1]-1] = 2
	return os.WriteFile(name, b, 0o600)
}

// TestDamaged: what is wrong with a golden that was changed.
func TestDamaged(t *testing.T) {
	remove := func(name string) func(string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
	}
	copied := func(from, to string) func(string) error {
		return func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, from))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, to), b, 0o600)
		}
	}
	replaced := func(name, old, new string) func(string) error {
		return func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			if !bytes.Contains(b, []byte(old)) {
				t.Errorf("%s: found no %q to replace", name, old)
			}
			return os.WriteFile(filepath.Join(dir, name), bytes.Replace(b, []byte(old), []byte(new), 1), 0o600)
		}
	}
	for _, c := range []struct {
		form   string
		change func(dir string) error
		want   string
	}{
		{"legacy-2.4", remove("rank1.pt"), `found no ["rank1.pt"], expected ranks 0 to 1, as `},
		{"legacy-2.4", remove("rank0.pt"), `found no ["rank0.pt"], expected ranks 0 to 1, as `},
		{"legacy-2.4", copied("rank0.pt", "rank2.pt"), "found rank2.pt, expected ranks 0 to 1, as "},
		{"legacy-2.4", copied("rank0.pt", "rank1.pt"), `tensor "transformer.wte.weight": found it to be of rank 0, expected rank 1 as in the name of the file`},
		{"legacy-2.4", anotherStep, `rank1.pt: global_step: found 2, expected 1 as in `},
		{"legacy-1.13", replaced("rank1.pt", "transformer.ln_f", "transformer.ln_g"), `/legacy-1.13: tensor "transformer.ln_f.weight": found chunks with 4 elements, expected 8, those of [8]: there are none for rows [4, 8)`},
		{"legacy-1.13", replaced("rank1.pt", "shard_offsets", "shard_OFFSETS"), "found no list of at most 64 sizes, expected one"},
		{"legacy-1.13", replaced("rank1.pt", "shards_metadata", "SHARDS_metadata"), "found no list shards_metadata, expected one"},
		{"local-2.1", remove("model/rank1.pt"), `/local-2.1/model: found no ["rank1.pt"], expected ranks 0 to 1, as metadata.yaml says`},
		{"local-2.1", remove("metadata.yaml"), "no such file"},
		{"local-2.1", replaced("metadata.yaml", "2", "1"), "/local-2.1/model: found rank1.pt, expected ranks 0 to 0, as metadata.yaml says: files of another run?"},
		{"local-2.1", replaced("metadata.yaml", "2", "0"), "metadata.yaml: world_size: found no number from 1 to 65536, expected one"},
		{"local-2.1", replaced("metadata.yaml", "world", "World"), "metadata.yaml: world_size: found no number"},
		{"local-2.1", replaced("metadata.yaml", "2", "["), "metadata.yaml: found YAML that cannot be read"},
		{"local-2.1", copied("model/rank0.pt", "model/rank1.pt"), "expected chunks that do not overlap"},
		{"local-1.13", copied("model/rank1.pt", "model/rank0.pt"), `tensor "transformer.wte.weight": found chunks with 0 elements, expected 104`},
		{"local-2.1", replaced("model/rank1.pt", "flat_param._shapes", "flat_param._SHAPES"), `model/rank1.pt: module "": found no list flat_param._shapes, expected one`},
		{"core", remove("model/rank_1.safetensors"), `/core/model: found no ["rank_1.safetensors"], expected them: metadata.json names them`},
		{"core", remove("model/metadata.json"), "no such file"},
		{"core", replaced("model/metadata.json", `"shape": [8]`, `"shape": [9]`), "found chunks with 8 elements, expected 9, those of [9]: there are none for rows [8, 9)"},
		{"core", replaced("model/metadata.json", `"transformer.ln_f.weight"`, `"transformer.ln_g.weight"`), "rank_0.safetensors: tensor \"transformer.ln_g.weight\": found none, expected "},
		{"core", replaced("model/rank_0.safetensors", "transformer.ln_f.weight", "transformer.ln_g.weight"), "found none, expected "},
	} {
		dir := filepath.Join(goldens(t), c.form)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		ck, err := forms[c.form](dir)
		if err == nil {
			ck.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), dir) && !strings.Contains(err.Error(), "no such file") {
			t.Errorf("%s: found %v, expected %q", c.form, err, c.want)
		}
	}
}
