package olmo

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	tinyHF   = testdata + "models/olmo2-mha/"
	tinyCore = mha + "olmo-core-unsharded/"
	pointer  = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

// layOut makes a directory: its files, and what is in them; "@path" copies that
// one of testdata.
func layOut(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		if from, ok := strings.CutPrefix(text, "@"); ok {
			text = string(readFile(t, from))
		}
		put(t, dir, name, text)
	}
	return dir
}

// TestDetect: what a directory is taken for, or why it is taken for nothing.
func TestDetect(t *testing.T) {
	type files = map[string]string
	hfConfig, coreJSON, yaml := "@"+tinyHF+"config.json", "@"+tinyCore+"config.json", "@"+mha+"olmo/config.yaml"
	weights, bin, pt := "@"+tinyHF+"model.safetensors", "@"+mha+"hf-bin/pytorch_model.bin", "@"+tinyCore+"model.pt"
	legacyPT, ggufFile := "@"+mha+"olmo/model.pt", "@"+mha+"olmo2-mha-bf16.gguf"
	noConfig := "weights but no config.json or config.yaml (give the file itself to read it as bare tensors), expected a checkpoint"
	for _, c := range []struct {
		name  string
		files files
		want  string // layout, or the error if it has a blank
	}{
		{"hf", files{"config.json": hfConfig, "model.safetensors": weights}, "hf"},
		{"hf with gguf", files{"config.json": hfConfig, "model.safetensors": weights, "x.gguf": ggufFile}, "hf"},
		{"hf with both", files{"config.json": hfConfig, "model.safetensors": weights, "pytorch_model.bin": "rubbish"}, "hf"},
		{"hf-bin", files{"config.json": hfConfig, "pytorch_model.bin": bin}, "hf-bin"},
		{"hf beside legacy", files{"config.json": hfConfig, "model.safetensors": weights, "config.yaml": yaml, "model.pt": legacyPT}, "hf"},
		{"olmo", files{"config.yaml": yaml, "model.pt": legacyPT}, "olmo"},
		{"olmo with core config", files{"config.yaml": yaml, "model.pt": legacyPT, "config.json": coreJSON}, "olmo"},
		{"core", files{"config.json": coreJSON, "model.pt": pt}, "olmo-core-unsharded"},
		{"gguf", files{"x.gguf": ggufFile, "README.md": "x"}, "gguf"},

		{"nothing", files{}, "found an empty directory, expected a checkpoint"},
		{"subdirectories", files{"a/x": "", "b\x1b/x": ""}, `found only directories ("a", "b\x1b"), expected a checkpoint`},
		{"other files", files{"README.md": "", "x.txt": ""}, "found no weights among 2 files, expected a checkpoint"},
		{"hf without weights", files{"config.json": hfConfig}, "found config.json but no weights (model.safetensors or pytorch_model.bin, or their index: an interrupted download or save?)"},
		{"hf without index", files{"config.json": hfConfig, "model-00001-of-00002.safetensors": weights}, "found config.json but no weights"},
		{"hf with gguf, no weights", files{"config.json": hfConfig, "x.gguf": ggufFile}, "found config.json but no weights"},
		{"other model", files{"config.json": `{"model_type": "llama\n"}`, "model.safetensors": weights}, `found config.json of model_type "llama\n", expected a checkpoint`},
		{"no model type", files{"config.json": `{"a": 1}`, "model.safetensors": weights}, "found a config.json without model_type"},
		{"odd model type", files{"config.json": `{"model_type": 7}`}, "found a config.json without model_type"},
		{"broken config", files{"config.json": `{"model_type": "olmo2",}`, "model.safetensors": weights}, `config.json: byte 23: found '}', expected a key in double quotes`},
		{"pointer for config", files{"config.json": pointer, "model.safetensors": weights}, `config.json: found a Git LFS pointer to "sha256:4d7a`},
		{"page for config", files{"config.json": "\n<!DOCTYPE html>", "x.gguf": ggufFile}, `config.json: found a web page (a failed download?), expected a JSON file`},
		{"shards alone", files{"model-00001-of-00002.safetensors": weights}, "found shards but no config.json"},
		{"weights alone", files{"model.safetensors": weights}, noConfig},
		{"pickle alone", files{"model.pt": pt}, noConfig},
		{"bin alone", files{"x.bin": bin}, noConfig},
		{"two ggufs", files{"a.gguf": ggufFile, "b.gguf": ggufFile}, "found 2 GGUF files (give one of them)"},
		{"unfinished", files{"a.incomplete": "", "b.part": ""}, "found files of an unfinished download or save"},
		{"config.yaml alone", files{"config.yaml": yaml}, "found config.yaml but no model.pt or model.safetensors"},
		{"core config alone", files{"config.json": coreJSON}, "found a config.json of OLMo-core but no model.pt, model.safetensors or model_and_optim"},
		{"core in pieces", files{"config.json": coreJSON, "model/model-embeddings-weight.pt": ""}, "model-embeddings-weight.pt: found an empty file"},
		{"pieces without a config", files{"model/chunk-00000.pt": ""}, "found weights of OLMo-core in several files (model/…) but no config.json of OLMo-core above them"},
		{"model without pieces", files{"config.json": coreJSON, "model/x.pt": ""}, "found a config.json of OLMo-core but no model.pt, model.safetensors or model_and_optim"},

		{"olmo-core", files{"config.json": coreJSON, "model_and_optim/.metadata": ""}, "model_and_optim/.metadata: byte 0: found the end of the pickle"},
		{"olmo-core inner", files{".metadata": "", "__0_0.distcp": ""}, ".metadata: byte 0: found the end of the pickle"},
		{"olmo-safetensors", files{"config.yaml": yaml, "model.safetensors": "@" + mha + "olmo-safetensors/model.safetensors"}, "olmo-safetensors"},
		{"olmo-safetensors with plain names", files{"config.yaml": yaml, "model.safetensors": weights}, `model.safetensors: tensor "lm_head.weight": found a name that is not in base64, expected that of a pickled key, as the trainer writes it`},
		{"torch_new", files{"config.yaml": yaml, "model_and_optim/.metadata": ""}, "model_and_optim/.metadata: byte 0: found the end of the pickle"},
		{"torch_legacy", files{"config.yaml": yaml, "rank0.pt": "", "rank1.pt": ""}, "rank0.pt: found an empty file"},
		{"local", files{"config.yaml": yaml, "metadata.yaml": "", "model/rank0.pt": "", "optim/rank0.pt": ""}, "metadata.yaml: found YAML that cannot be read"},
		{"olmo_core v0.1", files{"config.yaml": yaml, "model/metadata.json": "", "optim/metadata.json": ""}, "metadata.json: byte 0: found the end of the document"},
		{"hf_olmo", files{"config.json": `{"model_type": "hf_olmo"}`, "pytorch_model.bin": bin}, "found the layout hf-olmo ("},

		{"ambiguous", files{"config.json": coreJSON, "model.pt": pt, "model_and_optim/.metadata": ""}, "found what could be olmo-core-unsharded or olmo-core, expected one: say which with --from"},
		{"both of legacy", files{"config.yaml": yaml, "model.pt": legacyPT, "model.safetensors": "@" + mha + "olmo-safetensors/model.safetensors"}, "olmo-safetensors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := layOut(t, c.files)
			s, err := Open(dir, "")
			if strings.Contains(c.want, " ") {
				wantError(t, err, dir, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.Layout != c.want || s.Path != dir && s.Layout != "gguf" {
				t.Errorf("got layout %s of %s", s.Layout, s.Path)
			}
			if _, err := s.Model(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOpenFile: what a file stands for.
func TestOpenFile(t *testing.T) {
	type files = map[string]string
	hf := files{"config.json": "@" + tinyHF + "config.json", "model.safetensors": "@" + tinyHF + "model.safetensors"}
	set := files{}
	for _, name := range []string{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json"} {
		set[name] = "@" + testdata + "models/olmo2-gqa/" + name
	}
	with := func(f files, more ...string) files {
		f = maps.Clone(f)
		for i := 0; i < len(more); i += 2 {
			f[more[i]] = more[i+1]
		}
		return f
	}
	gqaConfig := "@" + testdata + "models/olmo2-gqa/config.json"
	bin, legacyPT, corePT := "@"+mha+"hf-bin/pytorch_model.bin", "@"+mha+"olmo/model.pt", "@"+tinyCore+"model.pt"
	coreST := "@" + mha + "olmo-core-unsharded-safetensors/model.safetensors"
	for _, c := range []struct {
		name  string
		files files
		open  string
		want  string // layout, and how many tensors; or the error
	}{
		{"weights of hf", hf, "model.safetensors", "hf 25"},
		{"config of hf", hf, "config.json", "found a JSON document, expected a safetensors, torch or GGUF file"},
		{"other file in hf", with(hf, "extra.safetensors", "@"+testdata+"models/olmo1/model.safetensors"), "extra.safetensors", "safetensors 16"},
		{"the other weights", with(hf, "pytorch_model.bin", bin), "pytorch_model.bin", "hf-bin 25"},
		{"gguf in hf", with(hf, "x.gguf", "@"+mha+"olmo2-mha-bf16.gguf"), "x.gguf", "gguf 25"},
		{"shard of hf", with(set, "config.json", gqaConfig), "model-00002-of-00003.safetensors", "hf 25"},
		{"index of hf", with(set, "config.json", gqaConfig), "model.safetensors.index.json", "hf 25"},
		{"index beside a whole", with(set, "config.json", gqaConfig, "model.safetensors", "rubbish"), "model.safetensors.index.json", "hf 25 unlisted-file"},
		{"unlisted beside an index", with(set, "config.json", gqaConfig, "extra.safetensors", "@"+testdata+"models/olmo1/model.safetensors"), "extra.safetensors", "safetensors 16"},
		{
			"shard of an incomplete set",
			files{"config.json": gqaConfig, "model.safetensors.index.json": set["model.safetensors.index.json"], "model-00001-of-00003.safetensors": set["model-00001-of-00003.safetensors"]},
			"model-00001-of-00003.safetensors", `model.safetensors.index.json: weight_map: found 1 of 3 files, expected also "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"`,
		},
		{"bare shard of a set", set, "model-00002-of-00003.safetensors", "safetensors 25"},
		{"bare index", set, "model.safetensors.index.json", "safetensors 25"},
		{"lone shard", files{"model-00001-of-00003.safetensors": set["model-00001-of-00003.safetensors"]}, "model-00001-of-00003.safetensors", "safetensors 7 lone-shard"},
		{"bin index", files{"pytorch_model.bin.index.json": `{"weight_map":{"lm_head.weight":"a.bin"}}`, "a.bin": bin}, "pytorch_model.bin.index.json", "torch 25 unlisted-tensors"},
		{
			"index to elsewhere",
			files{"config.json": gqaConfig, "model.safetensors.index.json": `{"weight_map":{"a":"../../x.safetensors"}}`},
			"model.safetensors.index.json",
			`model.safetensors.index.json: byte 19: tensor "a": found file "../../x.safetensors", expected the name of a file in the same directory`,
		},
		{"pointer for index", files{"config.json": gqaConfig, "model.safetensors.index.json": pointer}, "model.safetensors.index.json", `model.safetensors.index.json: found a Git LFS pointer to "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393" of "12345" bytes (fetch the file itself with "git lfs pull"), expected a JSON file`},
		{"pickle in hf's place", with(hf, "model.safetensors", bin), "model.safetensors", "model.safetensors: found a torch file, expected a safetensors file"},
		{"gguf in hf-bin's place", files{"config.json": hf["config.json"], "pytorch_model.bin": "@" + mha + "olmo2-mha-bf16.gguf"}, "pytorch_model.bin", "pytorch_model.bin: found a GGUF file, expected a torch file"},
		{"weights beside a broken config", with(hf, "config.json", "{"), "model.safetensors", "config.json: byte 1: found the end of the document"},
		{"weights beside another config", with(hf, "config.json", `{"model_type":"llama"}`), "model.safetensors", "safetensors 25"},
		{"legacy", files{"config.yaml": "@" + mha + "olmo/config.yaml", "model.pt": legacyPT, "model.safetensors": ""}, "model.pt", "olmo 19"},
		{"legacy beside a broken config.json", files{"config.yaml": "@" + mha + "olmo/config.yaml", "model.pt": legacyPT, "config.json": "{"}, "model.pt", "olmo 19"},
		{"legacy safetensors", files{"config.yaml": "@" + mha + "olmo/config.yaml", "model.safetensors": "@" + mha + "olmo-safetensors/model.safetensors"}, "model.safetensors", "olmo-safetensors 19"},
		{"core", files{"config.json": "@" + tinyCore + "config.json", "model.pt": corePT, "model.safetensors": "rubbish"}, "model.pt", "olmo-core-unsharded 25"},
		{"core safetensors", files{"config.json": "@" + tinyCore + "config.json", "model.pt": "rubbish", "model.safetensors": coreST}, "model.safetensors", "olmo-core-unsharded 25"},
		{"bare pickle", files{"model.pt": legacyPT}, "model.pt", "torch 19"},
		{"any name", files{"weights": corePT}, "weights", "torch 25"},
		{"missing", files{}, "none", "none: no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := layOut(t, c.files)
			s, err := Open(filepath.Join(dir, c.open), "")
			layout, n, ok := strings.Cut(c.want, " ")
			if !ok || !IsLayout(layout) {
				wantError(t, err, dir, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			got := []string{strconv.Itoa(len(s.Tensors))}
			for _, f := range s.Findings {
				got = append(got, f.Code)
			}
			if s.Layout != layout || strings.Join(got, " ") != n {
				t.Errorf("got %s %v", s.Layout, got)
			}
			if _, err := s.Model(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenFrom(t *testing.T) {
	dir := layOut(t, map[string]string{"config.yaml": "@" + mha + "olmo/config.yaml", "model.pt": "@" + mha + "olmo/model.pt", "model.safetensors": ""})
	if m := open(t, dir, "olmo"); len(m.Tensors) != 25 {
		t.Errorf("got %d tensors", len(m.Tensors))
	}
	for _, c := range []struct{ path, from, want string }{
		{dir, "olmo-safetensors", "model.safetensors: found an empty file"},
		{dir, "nonsense", `unknown layout "nonsense", expected one of hf, `},
		{dir, "hf", "config.json: no such file or directory"},
		{dir, "gguf", "found 0 GGUF files, expected one or one split set"},
		{dir, "safetensors", "found a directory, expected a regular file"},
		{filepath.Join(dir, "model.pt"), "gguf", "model.pt: found a torch file, expected a GGUF file"},
		{filepath.Join(dir, "model.pt"), "safetensors", "model.pt: found a torch file, expected a safetensors file"},
		{tinyHF, "hf-bin", "pytorch_model.bin: no such file or directory"},
		{tinyHF, "olmo", "config.yaml: no such file or directory"},
		{tinyHF, "olmo-core-unsharded", "config.json: model.n_layers: found 0, expected 1 to 16384"},
		{tinyCore, "hf", `config.json: model_type: found "", expected "olmo" or "olmo2" or "olmo3"`},
		{"none", "hf", "none: no such file or directory"},
	} {
		_, err := Open(c.path, c.from)
		if c.from == "nonsense" {
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			continue
		}
		wantError(t, err, c.path, c.want)
	}
	if _, err := Open("none", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestCacheLayout: the Hugging Face cache keeps files as links to blobs.
func TestCacheLayout(t *testing.T) {
	root := t.TempDir()
	src := testdata + "models/olmo2-gqa/"
	es, err := os.ReadDir(src)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := filepath.Join(root, "snapshots", "0123")
	if err := os.MkdirAll(snapshot, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		put(t, root, "blobs/"+e.Name()+".blob", string(readFile(t, src+e.Name())))
		if err := os.Symlink("../../blobs/"+e.Name()+".blob", filepath.Join(snapshot, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{snapshot, filepath.Join(snapshot, "model-00001-of-00003.safetensors"), filepath.Join(snapshot, "model.safetensors.index.json")} {
		m := open(t, path, "")
		if m.Source.Layout != "hf" || len(m.Tensors) != 25 {
			t.Errorf("%s: got %s, %d tensors", path, m.Source.Layout, len(m.Tensors))
		}
	}
	// A link to a directory counts as one, and one to nothing as a file.
	put(t, root, "core/config.json", string(readFile(t, tinyCore+"config.json")))
	put(t, root, "elsewhere/.metadata", "")
	if err := errors.Join(os.Symlink("../elsewhere", filepath.Join(root, "core", "model_and_optim")), os.Symlink("nothing", filepath.Join(root, "core", "dangling"))); err != nil {
		t.Fatal(err)
	}
	_, err = Open(filepath.Join(root, "core"), "")
	wantError(t, err, "model_and_optim/.metadata: byte 0: found the end of the pickle")
}

// TestLimits: a config beyond any size is not read.
func TestLimits(t *testing.T) {
	dir := layOut(t, map[string]string{"config.json": "{", "model.safetensors": "@" + tinyHF + "model.safetensors"})
	if err := os.Truncate(filepath.Join(dir, "config.json"), maxBeside+1); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors"), "random:" + filepath.Join(dir, "config.json")} {
		_, err := Open(path, "")
		wantError(t, err, "config.json: found 67108865 bytes, expected at most 67108864")
	}
	if _, err := (Beside{dir}).Read("config.json"); err == nil {
		t.Error("got no error")
	}
}

// TestNotAllRead: what can be looked at need not be a model.
func TestNotAllRead(t *testing.T) {
	for text, want := range map[string]string{
		"\x80\x02}.":                         "found no tensors, expected some",
		"@../torch/testdata/refused.pt":      `: tensor "`,
		"\x02\x00\x00\x00\x00\x00\x00\x00{}": "found no tensors, expected some",
	} {
		path := filepath.Join(layOut(t, map[string]string{"x": text}), "x")
		s, err := Open(path, "")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.Model()
		wantError(t, err, path+": ", want)
	}
}
