package olmo

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

const mha = testdata + "layouts/olmo2-mha/"

// TestOneModel reads the same model in every layout, each written by the
// software that defines it.
func TestOneModel(t *testing.T) {
	want := open(t, testdata+"models/olmo2-mha", "")
	for _, c := range []struct{ path, layout string }{
		{"hf-bin", "hf-bin"},
		{"hf-bin/pytorch_model.bin", "hf-bin"},
		{"olmo", "olmo"},
		{"olmo/model.pt", "olmo"},
		{"olmo-safetensors", "olmo-safetensors"},
		{"olmo-safetensors/model.safetensors", "olmo-safetensors"},
		{"olmo-core-unsharded", "olmo-core-unsharded"},
		{"olmo-core-unsharded/model.pt", "olmo-core-unsharded"},
		{"olmo-core-unsharded-safetensors", "olmo-core-unsharded"},
		{"olmo-core-unsharded-safetensors/model.safetensors", "olmo-core-unsharded"},
		{"olmo-core-unsharded-tensors", "olmo-core-unsharded"},
		{"olmo-core-unsharded-tensors/model", "olmo-core-unsharded"},
		{"olmo-core-unsharded-tensors/model/model-embeddings-weight.pt", "olmo-core-unsharded"},
		{"olmo-core-unsharded-chunks", "olmo-core-unsharded"},
		{"olmo-core-unsharded-chunks/model/chunk-00001.safetensors", "olmo-core-unsharded"},
	} {
		for _, from := range []string{"", c.layout} {
			m := open(t, mha+c.path, from)
			if m.Source.Layout != c.layout || len(m.Source.Findings) > 0 {
				t.Errorf("%s: got layout %s, findings %v", c.path, m.Source.Layout, m.Source.Findings)
			}
			if d := want.Config.Diff(m.Config); len(d) > 0 {
				t.Errorf("%s: %v", c.path, d)
			}
			equalTensors(t, m.Tensors, want.Tensors)
			if got := digestOf(t, m.Tensors, false); got != digestOf(t, want.Tensors, false) {
				t.Errorf("%s: got digest %s", c.path, got)
			}
		}
	}
	for _, c := range []struct {
		path string
		d    formats.DType
	}{{"olmo2-mha-bf16.gguf", formats.BF16}, {"olmo2-mha-q8_0.gguf", formats.Q8_0}} {
		m := open(t, mha+c.path, "")
		if d := want.Config.Diff(m.Config); len(d) > 0 {
			t.Errorf("%s: %v", c.path, d)
		}
		var cast []formats.Tensor
		for _, x := range want.Tensors {
			y, err := formats.Cast(x, ggufType(x, c.d), nil)
			if err != nil {
				t.Fatal(err)
			}
			cast = append(cast, y)
		}
		equalTensors(t, m.Tensors, cast)
	}
}

// TestOfficialBytes writes the layouts of testdata from the Hugging Face
// directory: the files of weights are those of the official writers.
func TestOfficialBytes(t *testing.T) {
	m := open(t, testdata+"models/olmo2-mha", "")
	for _, c := range []struct {
		to, container, dir, file string
	}{
		{"hf", "", testdata + "models/olmo2-mha", "model.safetensors"},
		{"hf", "", testdata + "models/olmo2-mha", "config.json"},
		{"hf", "", testdata + "models/olmo2-mha", "generation_config.json"},
		{"hf", "", testdata + "models/olmo2-mha", "tokenizer.json"},
		{"hf-bin", "", mha + "hf-bin", "pytorch_model.bin"},
		{"olmo", "", mha + "olmo", "model.pt"},
		{"olmo-safetensors", "", mha + "olmo-safetensors", "model.safetensors"},
		{"olmo-core-unsharded", "", mha + "olmo-core-unsharded", "model.pt"},
		{"olmo-core-unsharded", "safetensors", mha + "olmo-core-unsharded-safetensors", "model.safetensors"},
	} {
		out := write(t, plan(t, m, c.to, PlanOptions{Container: c.container}))
		equalFiles(t, filepath.Join(out, c.file), filepath.Join(c.dir, c.file))
	}
	sharded := open(t, testdata+"models/olmo2-gqa", "")
	out := write(t, plan(t, sharded, "hf", PlanOptions{MaxShard: 100_000}))
	for _, f := range []string{
		"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
		"model.safetensors.index.json", "config.json",
	} {
		equalFiles(t, filepath.Join(out, f), testdata+"models/olmo2-gqa/"+f)
	}
}

// TestOfficialGGUF writes a whole GGUF: the key-values that do not follow from
// the config are taken from the file that is compared with.
func TestOfficialGGUF(t *testing.T) {
	for _, from := range []string{testdata + "models/olmo2-mha", mha + "olmo", mha + "olmo-core-unsharded"} {
		m := open(t, from, "")
		for _, d := range []formats.DType{formats.BF16, formats.Q8_0} {
			path := mha + "olmo2-mha-" + strings.ToLower(d.String()) + ".gguf"
			f, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			at := func(key string) int {
				return slices.IndexFunc(f.KVs, func(kv gguf.KV) bool { return kv.Key == key })
			}
			o := PlanOptions{
				DType: d, Name: "m.gguf",
				General:      f.KVs[:at("olmo2.block_count")],
				TokenizerKVs: f.KVs[at("general.quantization_version")+1:],
			}
			equalFiles(t, write(t, plan(t, m, "gguf", o)), path)
		}
		// And once more from itself.
		o := PlanOptions{Name: "again.gguf"}
		again := open(t, mha+"olmo2-mha-q8_0.gguf", "")
		equalFiles(t, write(t, plan(t, again, "gguf", o)), mha+"olmo2-mha-q8_0.gguf")
	}
}

func TestLayouts(t *testing.T) {
	names, docs := Layouts()
	want := []string{"hf", "hf-bin", "olmo", "olmo-safetensors", "olmo-core-unsharded", "gguf", "safetensors", "torch"}
	if !slices.Equal(names, want) || len(docs) != len(want) {
		t.Errorf("got %v, %v", names, docs)
	}
	for name, want := range map[string]bool{"hf": true, "olmo-core": true, "olmo-sharded-local": true, "HF": false, "": false} {
		if IsLayout(name) != want {
			t.Errorf("%q: got %t", name, !want)
		}
	}
}
